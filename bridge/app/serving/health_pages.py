"""The pages for platforms and Prometheus: `/livez`, `/readyz` and `/metrics`.

The web server's port is open to strangers: there they say no more than whether the worker lives and is ready.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from time import monotonic
from typing import Protocol

from adapters.metrics import Snapshot, metrics_answer
from adapters.web.server import WebServer
from bridge.app.access import allowances_of
from bridge.app.serving.credit_webhook import credit_webhook
from bridge.ports.http import WebAnswer, WebRequest, WebRoutes
from bridge.worker.health import Health
from bridge.worker.worker import Worker
from config.settings import Settings

_LOOK_EVERY_S = 1.0
_JSON = (("Content-Type", "application/json"),)


async def open_pages(stack: AsyncExitStack, server: WebServer | None, settings: Settings, worker: Worker) -> None:
    """Serve the pages on a port of their own where that is set; bare ones, and TalkifAI's webhook, on the web server.

    Raises `SettingWrong` where the port is taken.
    """
    port, host = settings.bridge.metrics_port, settings.bridge.metrics_host
    if server is not None:
        secret = settings.talkifai.webhook_secret
        if secret is not None:
            stack.enter_context(credit_webhook(server, secret.get_secret_value(), worker.alarms))
        stack.enter_context(probes(server, worker.health, says_why=False))
    if port is not None:
        names = ("BRIDGE_METRICS_PORT", "BRIDGE_METRICS_HOST")
        own = await stack.enter_async_context(WebServer(port=port, host=host, settings=names))
        allowances = allowances_of(settings)
        budgets = {"messages": allowances.total_messages, "tokens": allowances.total_tokens}
        stack.enter_context(probes(own, worker.health, says_why=True))
        stack.enter_context(metrics_page(own, worker.health, budgets))


class Ready(Protocol):
    """Knows why a worker is not ready."""

    async def troubles(self) -> Mapping[str, str]:
        """Return a sentence by the name of each cause."""
        ...


class _LookedAt:
    """Looks at most once a second: a look asks Redis, and strangers may ask as often as they like."""

    def __init__(self, health: Ready) -> None:
        self._health = health
        self._looking = asyncio.Lock()
        self._found: Mapping[str, str] = {}
        self._next_at = 0.0

    async def troubles(self) -> Mapping[str, str]:
        async with self._looking:
            if monotonic() >= self._next_at:
                self._found = await self._health.troubles()
                self._next_at = monotonic() + _LOOK_EVERY_S
            return self._found


@contextmanager
def probes(routes: WebRoutes, health: Ready, *, says_why: bool) -> Iterator[None]:
    """Say inside a block whether the worker lives and is ready; `says_why`: with the reasons why it is not."""
    looked_at = _LookedAt(health)

    async def livez(_: WebRequest) -> WebAnswer:
        return WebAnswer(200, json.dumps({"status": "ok"}), _JSON)

    async def readyz(_: WebRequest) -> WebAnswer:
        troubles = list((await looked_at.troubles()).values())
        said = {"status": "not ready" if troubles else "ok", **({"reasons": troubles} if says_why else {})}
        return WebAnswer(503 if troubles else 200, json.dumps(said), _JSON)

    with (
        routes.serve("/livez", livez, method="GET"),
        routes.serve("/readyz", readyz, method="GET"),
    ):
        yield


@contextmanager
def metrics_page(routes: WebRoutes, health: Health, budgets: Mapping[str, int]) -> Iterator[None]:
    """Serve the figures inside a block. `budgets`: what all people together may use on a day, by unit."""

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

    with routes.serve("/metrics", metrics, method="GET"):
        yield
