"""The pages for platforms and Prometheus: `/livez`, `/readyz` and `/metrics`."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from adapters.metrics import Snapshot, metrics_answer
from bridge.ports.http import WebAnswer, WebRequest, WebRoutes
from bridge.worker.health import Health

_JSON = (("Content-Type", "application/json"),)


@contextmanager
def health_pages(routes: WebRoutes, health: Health) -> Iterator[None]:
    """Serve the pages inside a block."""

    async def livez(_: WebRequest) -> WebAnswer:
        return WebAnswer(200, json.dumps({"status": "ok"}), _JSON)

    async def readyz(_: WebRequest) -> WebAnswer:
        troubles = await health.troubles()
        said = {"status": "not ready" if troubles else "ok", "reasons": troubles}
        return WebAnswer(503 if troubles else 200, json.dumps(said), _JSON)

    async def metrics(_: WebRequest) -> WebAnswer:
        return metrics_answer(Snapshot(await health.figures(), health.meter, health.live_turns, health.restarts))

    with ExitStack() as served:
        for path, handler in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)):
            served.enter_context(routes.serve(path, handler, method="GET"))
        yield
