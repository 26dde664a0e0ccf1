"""What a platform and Prometheus see of a worker."""

import asyncio

import httpx
import pytest

from sandbox.faults import Fault
from tests.ports import free_port
from tests.scenario.messengers import SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario


async def _reasons(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/readyz")
    reasons: list[str] = answer.json()["reasons"]
    assert answer.status_code == (503 if reasons else 200)
    return reasons


async def _until_reasons(client: httpx.AsyncClient, text: str) -> None:
    async with asyncio.timeout(60.0):
        while text not in "\n".join(await _reasons(client)):  # noqa: ASYNC110 - another process changes
            await asyncio.sleep(0.2)


async def test_a_worker_is_ready_and_counts_what_it_does(own_scene: Scene) -> None:
    """A3: no secret in health and metrics."""
    slack, telegram, port = SlackMessenger(own_scene), TelegramMessenger(own_scene), free_port()
    own_scene.stage.talkifai.faults.arm(Fault("open", status=429, retry_after_s=1))
    await own_scene.start_bridge(BRIDGE_METRICS_PORT=port)
    for messenger in (slack, telegram):
        talk = await messenger.ask_directly("hello")
        await messenger.until_said(talk, "You asked: hello")

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/livez")).status_code == 200
        assert await _reasons(client) == []
        await telegram.book.until(lambda: own_scene.log.count("turn settled") == 2)
        text = (await client.get("/metrics")).text

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines['talkifai_bridge_replies_total{outcome="answered"}'] == "2.0"
    assert lines['talkifai_bridge_questions_total{became="accepted"}'] == "2.0"
    assert lines["talkifai_bridge_open_sessions"] == "2.0"
    assert lines["talkifai_bridge_first_text_seconds_count"] == "2.0"
    assert lines["talkifai_bridge_final_text_seconds_count"] == "2.0"
    assert lines['talkifai_bridge_limited_total{scope="talkifai"}'] == "1.0"
    assert float(lines["talkifai_bridge_redis_memory_used_bytes"]) > 0
    assert not any(value in text for name, value in own_scene.settings.items() if "TOKEN" in name or "KEY" in name)


async def test_strangers_learn_from_the_web_servers_port_that_it_lives_and_no_more(own_scene: Scene) -> None:
    """A17: reasons and figures stand on the port of their own alone."""
    port, own = free_port(), free_port()
    settings = {"SLACK_SIGNING_SECRET": own_scene.stage.slack.signing_secret, "SLACK_APP_TOKEN": ""}
    await own_scene.start_bridge("web", PORT=port, BRIDGE_METRICS_PORT=own, TELEGRAM_BOT_TOKEN="999:wrong", **settings)
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as stranger,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{own}") as operator,
    ):
        assert [(await stranger.get(path)).status_code for path in ("/livez", "/health", "/metrics")] == [200, 200, 404]
        said = await stranger.get("/readyz")
        assert (said.status_code, said.json()) == (503, {"status": "not ready"})
        (reason,) = await _reasons(operator)
        assert reason.startswith("TELEGRAM_BOT_TOKEN: ")
        assert "talkifai_bridge_redis_up" in (await operator.get("/metrics")).text


async def test_readiness_says_what_is_wrong(own_scene: Scene) -> None:
    """P7: health says so."""
    port = free_port()
    await own_scene.start_bridge(BRIDGE_METRICS_PORT=port, TELEGRAM_BOT_TOKEN="999:wrong")

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        (reason,) = await _reasons(client)
        assert reason.startswith("TELEGRAM_BOT_TOKEN: ")
        await own_scene.stage.slack.stop()
        await _until_reasons(client, "Slack: no socket is open")
        assert (await client.get("/livez")).status_code == 200


async def test_one_line_a_turn_tells_ids_times_and_outcome(own_scene: Scene) -> None:
    telegram = TelegramMessenger(own_scene)
    await own_scene.start_bridge(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="", BRIDGE_LOG_FORMAT="json")
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "You asked: hello")
    await telegram.book.until(lambda: "turn settled" in own_scene.log)

    (line,) = [line for line in own_scene.log.splitlines() if "turn settled" in line]
    (record,) = own_scene.stage.talkifai.book.records
    assert f'"conversation": "{record.id}"' in line
    wanted = ('"reference": "', '"first_text_s": ', '"whole_text_s": ', '"renders": ', '"attempts": 1')
    for part in ('"outcome": "answered"', *wanted):
        assert part in line
