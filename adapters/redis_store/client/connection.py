"""The connection to Redis, with the traps of the client library closed, and a look at the server at start-up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError, ResponseError

from adapters.redis_store.client.diagnosis import SETTING
from bridge.domain.errors import SettingWrong, StoreUnavailable

RedisClient = Redis
"""The type of what `connect` returns, for callers that name no vendor."""
CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
"""Blocking pops stay well below it."""
POOL_TIMEOUT_S = 5.0
RETRIES = 3
HEALTH_CHECK_S = 60.0
"""Heroku closes a connection that was silent for 300 s: one that was silent for this long is tried first."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever the client library raises into `StoreUnavailable`."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> StoreUnavailable:
    """Return what callers see of an error of the client library. The text holds no address and no secret."""
    # A ResponseError is the server's own sentence (loading, read-only, out of memory); it names no secret.
    detail = f": {error}" if isinstance(error, ResponseError) else ""
    return StoreUnavailable(f"Redis does not answer ({type(error).__name__}{detail})")


def connect(url: str, *, tls_verify: bool = True, max_connections: int = 10) -> Redis:
    """Make a client for `url`; nothing is sent yet.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`.
        tls_verify: False accepts the self-signed certificate that Heroku's Redis presents.
        max_connections: The most that are open at once; further calls wait for a free one. One more
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
        "redis_connect_func": _greet,
    }
    if url.strip().startswith("rediss:") and not tls_verify:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    # What the URL says about the same option, as in `?socket_timeout=2`, wins.
    pool = BlockingConnectionPool(max_connections=max_connections, timeout=POOL_TIMEOUT_S, **(options | parsed))
    _try_options(pool)
    return Redis.from_pool(pool)


async def _greet(connection: AbstractConnection) -> None:
    """Begin a connection as the library does, but without its PING.

    That is tried anew within each try to connect: a server that hangs would hold its caller up for sixteen timeouts.
    """
    await connection.on_connect_check_health(check_health=False)


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
