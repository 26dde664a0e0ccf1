"""The worker with a web server, as a process."""

import httpx
import pytest

from sandbox.bridge_process import NotReady
from tests.ports import free_port
from tests.scenario.messengers import TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]


async def test_switching_between_polling_and_webhook_loses_nothing(own_scene: Scene) -> None:
    """D4: what is said while no worker runs is answered by the next one, whichever way it receives."""
    telegram, port = TelegramMessenger(own_scene), free_port()
    webhook = {"PORT": port, "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}"}
    polling = await own_scene.start_bridge()
    talk = await telegram.ask_directly("one")
    await telegram.until_said(talk, "one")
    assert await polling.stop() == 0

    await telegram.follow_up(talk, "two")
    web = await own_scene.start_bridge("web", **webhook)
    await telegram.until_said(talk, "two")
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
    assert await web.stop() == 0

    await telegram.follow_up(talk, "three")
    await own_scene.start_bridge()
    await telegram.until_said(talk, "three")
    (record,) = telegram.records(talk)
    assert record.posted == ["one", "two", "three"]
    assert len(telegram.replies(talk)) == 3


async def test_a_webhook_without_a_web_server_is_refused_at_the_start(own_scene: Scene) -> None:
    with pytest.raises(NotReady, match="TELEGRAM_WEBHOOK_URL"):
        await own_scene.start_bridge(TELEGRAM_WEBHOOK_URL="https://bot.example.com")
