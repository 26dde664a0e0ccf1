"""A real server for every test that keeps something: one for each process of the test run, emptied in between."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from redis.asyncio import Redis
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from adapters.redis_store import EmbeddedServer, RedisStores, connect, start_embedded
from adapters.redis_store.schema.keys import Keys
from tests.schedule import TogetherWhatShares, longest_first

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    # A verdict about a change must not depend on luck: new examples are looked for wherever people run the tests.
    settings.load_profile("repeatable")


async def pass_time(redis: Redis, keys: Keys, seconds: float) -> None:
    """Move everything that waits for its time that many seconds nearer."""
    for waiting in (keys.due, keys.idle, keys.ends, keys.opening_due, keys.taken_due):
        for member in await redis.zrange(waiting, 0, -1):
            await redis.execute_command(  # type: ignore[no-untyped-call]  # the library left it bare
                "ZINCRBY", waiting, -seconds * 1000, member
            )


@pytest.fixture
def short_tmp_path() -> Iterator[Path]:
    """A temporary folder whose path leaves room for a socket's name."""
    folder = Path(tempfile.mkdtemp(prefix="tb-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedServer]:
    """The server of this test process."""
    folder = Path(tempfile.mkdtemp(prefix="tb-"))
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DYNO", raising=False)
        server = start_embedded(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_url(redis_server: EmbeddedServer) -> str:
    """Where the server of this test process listens. It keeps what earlier tests wrote: see `stores`."""
    return redis_server.url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of its own on an emptied server, to look at what is kept."""
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def stores(redis_url: str) -> AsyncIterator[RedisStores]:
    """All stores, on an emptied server."""
    client = connect(redis_url)
    await client.flushall()
    opened = RedisStores(client)
    yield opened
    await opened.aclose()


@pytest.fixture
def let_time_pass(redis: Redis, stores: RedisStores) -> Callable[[float], Awaitable[None]]:
    """Make everything that waits for its time come due that many seconds sooner: leases, idle deadlines, ends."""

    async def let_pass(seconds: float) -> None:
        await pass_time(redis, stores.keys, seconds)

    return let_pass


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the files that outputs are compared with be written anew."""
    parser.addoption("--write-outputs", action="store_true", help="write what the commands print to tests/outputs")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=longest_first)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Keep together what shares a bridge or a browser; the rest is dealt out test by test."""
    config.option.loadscopereorder = False  # the order is the one above
    return TogetherWhatShares(config, log)
