"""`check` looks at Redis: each thing to fix is found on a real server that is set up so."""

import pytest
from redis.asyncio import Redis

from adapters.redis_store import connect
from adapters.redis_store.client.inspection import inspect
from bridge.runtime.findings import Verdict
from tests.contract.own_redis import own_redis, run_on
from tests.fault.proxy import Proxy


async def _said(url: str, verdict: Verdict) -> list[str]:
    async with connect(url) as redis:
        return [f"{one.said}. {one.remedy}" for one in await inspect(redis) if one.verdict is verdict]


@pytest.mark.parametrize(
    ("options", "said", "remedy"),
    [
        (("--appendonly", "no"), "keeps nothing on disk", "Set appendonly to yes"),
        (("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"), "policy is allkeys-lru", "Set it to noeviction"),
        (("--appendonly", "yes", "--maxmemory", "1400kb"), "MB of its memory, of 1.4 MB", "Choose a larger plan"),
        (("--appendonly", "yes", "--maxclients", "20"), "connections are free, and two workers", "?max_connections=5"),
    ],
    ids=["persistence", "eviction", "memory", "connections"],
)
async def test_what_is_set_up_badly_is_warned_of(options: tuple[str, ...], said: str, remedy: str) -> None:
    """P5: with the setting to change."""
    async with own_redis(*options) as url:
        (warning,) = await _said(url, Verdict.WARNING)
        assert await _said(url, Verdict.FAIL) == []
    assert said in warning
    assert remedy in warning


async def test_a_server_in_good_order_passes_with_version_database_and_latency() -> None:
    async with own_redis("--appendonly", "yes") as url:
        passed = await _said(url.replace("/0", "/3"), Verdict.PASS)
        assert await _said(url, Verdict.WARNING) == []
    assert "database 3, answers within" in passed[0]
    assert passed[1].startswith("uses ")


async def test_a_cluster_passes_and_is_named() -> None:
    async with own_redis("--appendonly", "yes", "--cluster-enabled", "yes") as url:
        await run_on(url, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        assert "the server is a cluster: all keys are in one slot. " in await _said(url, Verdict.PASS)


async def test_a_replica_a_missing_database_and_a_wrong_address_fail() -> None:
    async with own_redis("--appendonly", "yes") as primary:
        port = primary.rpartition(":")[2].partition("/")[0]
        async with own_redis("--appendonly", "yes", "--replicaof", "127.0.0.1", port) as replica:
            (failed,) = await _said(replica, Verdict.FAIL)
        assert failed == "the server is a replica and takes no writes. REDIS_URL: use the address of the primary"
        (failed,) = await _said(primary.replace("/0", "/99"), Verdict.FAIL)
        assert "REDIS_URL: the server has no database of that number" in failed
    (failed,) = await _said("redis://127.0.0.1:1/0", Verdict.FAIL)
    assert "REDIS_URL: nothing listens there" in failed


async def test_a_slow_server_is_warned_of() -> None:
    async with own_redis("--appendonly", "yes") as url, Proxy.to(url, latency_s=0.04) as proxy:
        (warning,) = await _said(f"redis://127.0.0.1:{proxy.port}/0", Verdict.WARNING)
    assert "an answer takes" in warning
    assert "REDIS_URL: use a server near the bridge" in warning


async def test_a_server_too_old_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_redis("--appendonly", "yes") as url:
        info = Redis.info

        async def older(self: Redis, section: str) -> dict[str, object]:
            found = dict(await info(self, section))
            return found | ({"redis_version": "6.0.9"} if "redis_version" in found else {})

        monkeypatch.setattr(Redis, "info", older)
        (failed,) = await _said(url, Verdict.FAIL)
    assert failed.startswith("REDIS_URL: the server is version 6.0.9. Use Redis 6.2 or newer")
