"""What strangers can have the bridge do by asking whether it is ready."""

import asyncio
from collections.abc import Mapping

import httpx

from adapters.web.server import WebServer
from bridge.app.serving.health_pages import probes


class SlowHealth:
    """Takes a while, and counts how often it was asked."""

    asked = 0

    async def troubles(self) -> Mapping[str, str]:
        self.asked += 1
        await asyncio.sleep(0.05)
        return {"redis": "Redis does not answer"}


async def test_a_flood_of_readiness_probes_looks_at_redis_once_a_second() -> None:
    """A17: each look costs commands, and the port is open to strangers."""
    health = SlowHealth()
    async with WebServer(port=0, host="127.0.0.1") as server:
        with probes(server, health, says_why=False):
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
                answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(503, '{"status": "not ready"}')}
    assert health.asked <= 2
