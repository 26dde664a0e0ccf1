"""The pages for platforms and Prometheus: `/livez`, `/readyz` and `/metrics`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager

from adapters.metrics import Snapshot, metrics_answer
from adapters.web.server import WebServer
from bridge.app.access import allowances_of
from bridge.app.serving.credit_webhook import credit_webhook
from bridge.ports.http import WebAnswer, WebRequest, WebRoutes
from bridge.worker.health import Health
from bridge.worker.worker import Worker
from config.settings import Settings

_JSON = (("Content-Type", "application/json"),)


async def open_pages(stack: AsyncExitStack, server: WebServer | None, settings: Settings, worker: Worker) -> None:
    """Serve the pages on the web server, or on one of their own where the settings say so; and TalkifAI's webhook.

    Raises `SettingWrong` where the port is taken.
    """
    port, host = settings.bridge.metrics_port, settings.bridge.metrics_host
    if server is not None:
        secret = settings.talkifai.webhook_secret
        if secret is not None:
            stack.enter_context(credit_webhook(server, secret.get_secret_value(), worker.alarms))
    elif port is not None:
        names = ("BRIDGE_METRICS_PORT", "BRIDGE_METRICS_HOST")
        server = await stack.enter_async_context(WebServer(port=port, host=host, settings=names))
    if server is not None:
        allowances = allowances_of(settings)
        budgets = {"messages": allowances.total_messages, "tokens": allowances.total_tokens}
        stack.enter_context(health_pages(server, worker.health, budgets))


@contextmanager
def health_pages(routes: WebRoutes, health: Health, budgets: Mapping[str, int]) -> Iterator[None]:
    """Serve the pages inside a block. `budgets`: what all people together may use on a day, by unit."""

    async def livez(_: WebRequest) -> WebAnswer:
        return WebAnswer(200, json.dumps({"status": "ok"}), _JSON)

    async def readyz(_: WebRequest) -> WebAnswer:
        troubles = list((await health.troubles()).values())
        said = {"status": "not ready" if troubles else "ok", "reasons": troubles}
        return WebAnswer(503 if troubles else 200, json.dumps(said), _JSON)

    async def metrics(_: WebRequest) -> WebAnswer:
        return metrics_answer(
            Snapshot(
                figures=await health.figures(),
                meter=health.meter,
                live_turns=health.live_turns,
                restarts=health.restarts,
                store_errors=health.store_errors,
                session_ages_s=await health.session_ages(),
                budgets=budgets,
            )
        )

    with ExitStack() as served:
        for path, handler in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)):
            served.enter_context(routes.serve(path, handler, method="GET"))
        yield
