"""Real workers that are killed, paused and cut off."""

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio

from tests.fault.cluster import Cluster


@pytest_asyncio.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """A stage and a Redis of the test's own; no worker runs yet."""
    async with Cluster() as opened:
        yield opened


@pytest_asyncio.fixture
async def hasty() -> AsyncIterator[Cluster]:
    """The same, with workers that wait less."""
    async with Cluster(is_hasty=True) as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait longest, so that several processes come to their end together."""
    items.sort(key=lambda item: not ("paused" in item.path.name or "thirty_seconds" in item.name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the workers said when a test fails."""
    report = yield
    if report.failed:
        found = {id(value): value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Cluster)}
        report.sections.extend(("worker logs", cluster.log) for cluster in found.values())
    return report
