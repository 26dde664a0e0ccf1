"""A look at the server: its version, where it keeps its data, how full it is, and whether it is part of a cluster."""

import asyncio
import os
import re
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis, SSLConnection
from redis.exceptions import RedisError, ResponseError

from adapters.redis_store.client.connection import translated
from adapters.redis_store.client.diagnosis import SETTING, diagnosed
from bridge.domain.errors import SettingWrong, StoreUnavailable
from bridge.ports.stores.coordination import MemoryUse
from bridge.runtime.cancellation import shielded

OLDEST = (6, 2)


async def check_server(redis: Redis) -> list[str]:
    """Look at the server's version, eviction, persistence and memory; return one sentence for each thing to fix.

    Raises:
        SettingWrong: The server is too old, refuses the password, lacks the database, or cannot be reached here.
        StoreUnavailable: It does not answer, and nothing speaks for a setting.
    """
    server = await _info(redis, "server")
    version = str(server.get("redis_version", ""))
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers and numbers < OLDEST:
        raise SettingWrong(SETTING, f"the server is version {version}", "Use Redis 6.2 or newer, or Valkey")
    memory = await _info(redis, "memory")
    warnings = []
    policy = memory.get("maxmemory_policy", await _config(redis, "maxmemory-policy"))
    if policy not in (None, "noeviction"):
        warnings.append(
            f"Redis may throw away queued questions and open sessions when its memory is full "
            f"(maxmemory-policy is {policy}): set it to noeviction."
        )
    warnings += _of_persistence(await _info(redis, "persistence"), await _config(redis, "save"))
    use = memory_use(memory)
    if use.is_nearly_full:
        warnings.append(f"{use}: choose a larger plan, or set BRIDGE_LEDGER_LINES lower.")
    return warnings


def _of_persistence(persistence: Mapping[str, Any], snapshots: str | None) -> list[str]:
    warnings = []
    if persistence.get("aof_enabled") == 0 and snapshots == "":
        warnings.append(
            "Redis keeps nothing on disk: open sessions and queued questions are lost when it restarts. "
            "Set appendonly to yes."
        )
    elif persistence.get("aof_enabled") == 0 and snapshots is None:
        plan = " Heroku's mini plan does not, premium plans do." if os.environ.get("DYNO") else ""
        warnings.append(
            "Redis writes no append-only file and does not tell (CONFIG is forbidden) whether it keeps anything: "
            f"choose a plan that persists, or sessions and questions are lost when it restarts.{plan}"
        )
    if "err" in (persistence.get("rdb_last_bgsave_status"), persistence.get("aof_last_write_status")):
        warnings.append("Redis could not write to its disk lately: see its log and the space that is left there.")
    return warnings


async def is_cluster(redis: Redis) -> bool:
    """Say whether the server shares its keys out over slots, and all keys of one script have to be in one of them."""
    return (await _info(redis, "cluster")).get("cluster_enabled") == 1


def memory_use(info: Mapping[str, Any]) -> MemoryUse:
    """Read the section "memory"."""
    return MemoryUse(int(info.get("used_memory", 0)), int(info.get("maxmemory", 0)))


async def server_info(redis: Redis, *sections: str) -> dict[str, Any]:
    """Return what the server says of itself in these sections. Raises `SettingWrong` and `StoreUnavailable`."""
    found: dict[str, Any] = {}
    for section in sections:
        found |= await _info(redis, section)
    return found


async def _info(redis: Redis, section: str) -> dict[str, Any]:
    try:
        with translated():
            answer = await shielded(asyncio.ensure_future(redis.info(section)))
    except StoreUnavailable as error:
        wrong = diagnosed(error, tls=issubclass(redis.connection_pool.connection_class, SSLConnection))
        if wrong is not None:
            raise wrong from error
        if "DB index is out of range" in str(error) or "SELECT is not allowed" in str(error):
            remedy = "End the address with /0, or with the number of a database that the server has"
            raise SettingWrong(SETTING, "the server has no database of that number", remedy) from error
        if isinstance(error.__cause__, ResponseError):
            return {}
        raise
    return dict(answer)


async def _config(redis: Redis, name: str) -> str | None:
    try:
        answer = await shielded(asyncio.ensure_future(redis.config_get(name)))
    except ResponseError:
        return None
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"Redis does not answer ({type(error).__name__})") from error
    value = {_text(key): _text(value) for key, value in dict(answer).items()}.get(name)
    return None if value is None else str(value)


def _text(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value
