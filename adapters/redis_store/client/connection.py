"""The connection to Redis, with the traps of the client library closed, and a look at the server at start-up."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError, ResponseError

from adapters.redis_store.client.diagnosis import SETTING, diagnosed
from bridge.domain.errors import SettingWrong, StoreUnavailable
from bridge.runtime.cancellation import shielded

OLDEST = (6, 2)

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
"""Blocking pops stay well below it."""
POOL_TIMEOUT_S = 5.0
RETRIES = 3
HEALTH_CHECK_S = 60.0
"""Heroku closes a connection that was silent for 300 s: one that was silent for this long is tried first."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever the client library raises into `StoreUnavailable`. The text holds no address and no secret."""
    try:
        yield
    except (RedisError, OSError) as error:
        # A ResponseError is the server's own sentence (loading, read-only, out of memory); it names no secret.
        detail = f": {error}" if isinstance(error, ResponseError) else ""
        raise StoreUnavailable(f"Redis does not answer ({type(error).__name__}{detail})") from error


def connect(url: str, *, tls_verify: bool = True, max_connections: int = 10) -> Redis:
    """Make a client for `url`; nothing is sent yet.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`.
        tls_verify: False accepts the self-signed certificate that Heroku's Redis presents.
        max_connections: The most that are open at once; whoever comes beyond that waits for a free one. One more
            belongs to the wait for work. Heroku's smallest plan allows about 20 in all.

    Raises:
        SettingWrong: The URL cannot be read.
    """
    remedy = "Set it to redis://host:6379/0, or to rediss:// for TLS, or leave it unset for the embedded server"
    try:
        parsed: dict[str, Any] = dict(parse_url(url.strip()))
    except ValueError as error:
        raise SettingWrong(SETTING, "it is not a Redis address", remedy) from error
    if not (parsed.get("host") or parsed.get("path")):
        raise SettingWrong(SETTING, "it names no host", remedy)
    options: dict[str, Any] = {
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "health_check_interval": HEALTH_CHECK_S,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), RETRIES),
        "client_name": "talkifai-bridge",
    }
    if url.strip().startswith("rediss:") and not tls_verify:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    # What the URL says about the same option, as in `?socket_timeout=2`, wins.
    pool = BlockingConnectionPool(max_connections=max_connections, timeout=POOL_TIMEOUT_S, **(options | parsed))
    _try_options(pool)
    return Redis.from_pool(pool)


def _try_options(pool: BlockingConnectionPool) -> None:
    """Make a connection without opening it, as the library looks at an option of the address no sooner.

    Raises:
        SettingWrong: An option does not exist, or names a file that is none of certificates.
    """
    try:
        connection = pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError, RedisError) as error:
        remedy = "Mend what follows the question mark; options with ssl_ belong to rediss:// alone"
        raise SettingWrong(SETTING, "it has an option that does not exist, or is wrong", remedy) from error
    if isinstance(connection, SSLConnection):
        try:
            connection.ssl_context.get()
        except (OSError, ValueError) as error:
            remedy = "Name a readable file of PEM certificates, such as ssl_ca_certs=/path/ca.pem"
            raise SettingWrong(SETTING, "a file that its ssl_ options name cannot be used", remedy) from error


async def check_server(redis: Redis) -> list[str]:
    """Look at the server's version, eviction and persistence; return one sentence for each thing to mend.

    Where the service forbids `CONFIG`, what it would tell is passed over.

    Raises:
        SettingWrong: The server is too old, refuses the password, or cannot be reached at this address.
        StoreUnavailable: It does not answer, and nothing speaks for a setting.
    """
    server = await _info(redis, "server")
    version = str(server.get("redis_version", ""))
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers and numbers < OLDEST:
        raise SettingWrong(SETTING, f"the server is version {version}", "Use Redis 6.2 or newer, or Valkey")
    warnings = []
    policy = (await _info(redis, "memory")).get("maxmemory_policy", await _config(redis, "maxmemory-policy"))
    if policy not in (None, "noeviction"):
        warnings.append(
            f"Redis may throw away queued questions and open sessions when its memory is full "
            f"(maxmemory-policy is {policy}): set it to noeviction."
        )
    persistence = await _info(redis, "persistence")
    snapshots = await _config(redis, "save")
    if persistence.get("aof_enabled") == 0 and snapshots == "":
        warnings.append(
            "Redis keeps nothing on disk: open sessions and queued questions are lost when it restarts. "
            "Set appendonly to yes."
        )
    if "err" in (persistence.get("rdb_last_bgsave_status"), persistence.get("aof_last_write_status")):
        warnings.append("Redis could not write to its disk lately: see its log and the space that is left there.")
    return warnings


async def _info(redis: Redis, section: str) -> dict[str, Any]:
    try:
        with translated():
            answer = await shielded(asyncio.ensure_future(redis.info(section)))
    except StoreUnavailable as error:
        wrong = diagnosed(error, tls=issubclass(redis.connection_pool.connection_class, SSLConnection))
        if wrong is not None:
            raise wrong from error
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
