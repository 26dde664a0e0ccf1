"""A closer look at Redis, for `check`: what the start warns of, and how it does."""

import time
from typing import Any

from redis.asyncio import Redis

from adapters.redis_store.client.diagnosis import SETTING
from adapters.redis_store.client.server_check import check_server, memory_use, server_info
from bridge.domain.errors import BridgeError
from bridge.runtime.findings import Finding, failed, passed, warned

CONNECTIONS_OF_A_WORKER = 11
_SLOW_FROM_S = 0.05
"""A question costs about ten steps in Redis."""
_TRIES = 5
_SUBJECT = "Redis"


async def inspect(redis: Redis) -> list[Finding]:
    """Look at the server: version, database, persistence, eviction, memory, latency, cluster, connections."""
    try:
        warnings = await check_server(redis)
        info = await server_info(redis, "server", "memory", "clients", "cluster", "replication")
        latency_s = await _latency_s(redis)
    except BridgeError as error:
        return [failed(_SUBJECT, str(error))]
    number = redis.connection_pool.connection_kwargs.get("db", 0)
    name, version = ("Valkey", info["valkey_version"]) if "valkey_version" in info else ("Redis", info["redis_version"])
    said = f"{name} {version}, database {number}, answers within {latency_s * 1000:.1f} ms"
    return [
        passed(_SUBJECT, said),
        *(warned(_SUBJECT, said, remedy) for said, remedy in map(_parted, warnings)),
        *_setup(info),
        *_room(info, latency_s),
    ]


def _setup(info: dict[str, Any]) -> list[Finding]:
    findings = []
    if info.get("cluster_enabled"):
        findings.append(passed(_SUBJECT, "the server is a cluster: all keys are in one slot"))
    if info.get("role") == "slave":
        remedy = f"{SETTING}: use the address of the primary"
        findings.append(failed(_SUBJECT, "the server is a replica and takes no writes", remedy))
    return findings


def _room(info: dict[str, Any], latency_s: float) -> list[Finding]:
    """Look at what may run out."""
    findings = []
    use = memory_use(info)
    if not use.is_nearly_full:
        findings.append(passed(_SUBJECT, _bare(str(use))))
    free = int(info.get("maxclients") or 0) - int(info.get("connected_clients") or 0)
    if "maxclients" in info and free < 2 * CONNECTIONS_OF_A_WORKER:
        said = f"{free} connections are free, and two workers, as during a deploy, open {2 * CONNECTIONS_OF_A_WORKER}"
        remedy = f"Take a larger plan, or add ?max_connections=5 to {SETTING}"
        findings.append(warned(_SUBJECT, said, remedy))
    if latency_s > _SLOW_FROM_S:
        remedy = f"{SETTING}: use a server near the bridge"
        findings.append(warned(_SUBJECT, f"an answer takes {latency_s * 1000:.0f} ms", remedy))
    return findings


async def _latency_s(redis: Redis) -> float:
    """Return the shortest of some round trips: others may have waited for this machine."""
    times = []
    for _ in range(_TRIES):
        began = time.perf_counter()
        await server_info(redis, "clients")
        times.append(time.perf_counter() - began)
    return min(times)


def _parted(warning: str) -> tuple[str, str]:
    """Part what is wrong from what to do, at the last colon or full stop."""
    said, _, remedy = warning.removesuffix(".").rpartition(": " if ": " in warning else ". ")
    return _bare(said), remedy[:1].upper() + remedy[1:]


def _bare(sentence: str) -> str:
    """Leave out whom it is about: the finding says that."""
    return sentence.removeprefix(f"{_SUBJECT} ")
