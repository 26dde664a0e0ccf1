"""The real bridge as a process, against the stand-ins over real sockets."""

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio

from tests.scenario.messengers import MESSENGERS, Messenger, SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    """What the bridge of a module is told beside its tokens. Modules override it."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(bridge_settings: dict[str, str]) -> AsyncIterator[Scene]:
    """One running bridge for a module: every test of it uses places of its own."""
    async with Scene() as opened:
        await opened.start_bridge(**bridge_settings)
        yield opened


@pytest_asyncio.fixture
async def own_scene() -> AsyncIterator[Scene]:
    """A stage of the test's own, on which no bridge runs yet."""
    async with Scene() as opened:
        yield opened


@pytest.fixture(params=["slack", "telegram"])
def messenger(request: pytest.FixtureRequest, scene: Scene) -> Messenger:
    """Each service in turn."""
    return MESSENGERS[request.param](scene)


@pytest.fixture(params=["slack", "telegram"])
def own_messenger(request: pytest.FixtureRequest, own_scene: Scene) -> Messenger:
    """Each service in turn, on a stage of the test's own."""
    return MESSENGERS[request.param](own_scene)


@pytest.fixture
def slack(scene: Scene) -> SlackMessenger:
    """Slack alone."""
    return SlackMessenger(scene)


@pytest.fixture
def telegram(scene: Scene) -> TelegramMessenger:
    """Telegram alone."""
    return TelegramMessenger(scene)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the bridge said when a test fails."""
    report = yield
    if report.failed:
        scenes = {id(found): found for found in getattr(item, "funcargs", {}).values() if isinstance(found, Scene)}
        report.sections.extend(("bridge log", found.log) for found in scenes.values())
    return report
