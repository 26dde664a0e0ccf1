"""What an operator has to know is posted where operators talk."""

import hashlib
import hmac

import httpx
import pytest

from tests.ports import free_port
from tests.scenario.messengers import SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]


async def test_no_credits_is_posted_once_to_the_operators_channel_by_all_workers_together(own_scene: Scene) -> None:
    """B8: the operator sees the cause once, not per message."""
    slack, telegram = SlackMessenger(own_scene), TelegramMessenger(own_scene)
    beside = Talk(slack.channel(), "")
    for _ in range(2):
        await own_scene.start_bridge(BRIDGE_ALERTS=f"slack:{beside.place}")
    operators = await slack.ask_in_group("where operators talk", beside)
    await slack.until_said(operators, "You asked: where operators talk")
    own_scene.stage.talkifai.gate.out_of_credits = True
    for question in ("one", "two", "three"):
        talk = await telegram.ask_directly(question)
        await telegram.until_said(talk, "cannot answer at the moment")

    posts = own_scene.stage.slack.workspace.messages

    def alerts() -> list[str]:
        return [one.text for one in posts.values() if "has no credits left" in one.text]

    await slack.book.until(lambda: len(alerts()) > 0)
    own_scene.stage.talkifai.gate.out_of_credits = False
    talk = await telegram.ask_directly("and now")
    await telegram.until_said(talk, "You asked: and now")
    assert len(alerts()) == 1
    assert "An operator has to act" in alerts()[0]


async def test_a_channel_that_is_down_is_posted_to_the_other_and_all_clear_follows(own_scene: Scene) -> None:
    telegram = TelegramMessenger(own_scene)
    await own_scene.start_bridge(BRIDGE_ALERTS="telegram:5001")
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "You asked: hello")
    port = own_scene.stage.slack._port
    await own_scene.stage.slack.stop()

    def texts() -> str:
        return "\n".join(message.text for message in own_scene.stage.telegram.world.messages.values())

    await telegram.book.until(lambda: "An operator has to act: Slack: no socket is open" in texts(), 60.0)
    assert own_scene.stage.slack._port == port
    await own_scene.stage.slack.start()
    await telegram.book.until(lambda: "All clear: Slack: no socket is open" in texts(), 60.0)


async def test_a_budget_that_is_used_up_is_posted_where_operators_talk(own_scene: Scene) -> None:
    """A20: operators hear of 80 and of 100 %."""
    slack = SlackMessenger(own_scene)
    operators = Talk(slack.channel(), "")
    await own_scene.start_bridge(BRIDGE_ALERTS=f"slack:{operators.place}", BRIDGE_BUDGET_TOTAL_MESSAGES="2")
    for text in ("one", "two"):
        talk = await slack.ask_directly(text)
        await slack.until_said(talk, f"You asked: {text}")
    posts = own_scene.stage.slack.workspace.messages
    wanted = "An operator has to act: 100 % of a day's budget is used: BRIDGE_BUDGET_TOTAL_MESSAGES = 2"
    await slack.book.until(lambda: any(wanted in one.text for one in posts.values()), 30.0)


async def test_talkifais_word_that_credits_are_low_is_posted_and_a_forged_one_is_not(own_scene: Scene) -> None:
    """A1: a forged signature gets 401."""
    telegram, port, secret = TelegramMessenger(own_scene), free_port(), "whsec-of-a-test"
    await own_scene.start_bridge("web", PORT=port, BRIDGE_ALERTS="telegram:5001", TALKIFAI_WEBHOOK_SECRET=secret)
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "You asked: hello")
    texts = own_scene.stage.telegram.world.messages

    async def send(event: str, signed_with: str) -> int:
        body = f'{{"event": "{event}"}}'.encode()
        signature = hmac.new(signed_with.encode(), body, hashlib.sha256).hexdigest()
        async with httpx.AsyncClient() as client:
            sent = await client.post(
                f"http://127.0.0.1:{port}/talkifai/webhook", content=body, headers={"X-Talkifai-Signature": signature}
            )
        return sent.status_code

    def posted(words: str) -> int:
        return sum(words in message.text for message in texts.values())

    assert await send("credit.depleted", "another secret") == 401
    assert await send("credit.low", secret) == 200
    await telegram.book.until(lambda: posted("credits are low") == 1, 30.0)
    assert posted("credits are used up") == 0


async def test_a_key_that_is_refused_meanwhile_is_posted(own_scene: Scene) -> None:
    """B8: a bad key (401)."""
    telegram = TelegramMessenger(own_scene)
    await own_scene.start_bridge(BRIDGE_ALERTS="telegram:5001")
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "You asked: hello")
    own_scene.stage.talkifai.gate.api_keys.clear()
    other = await telegram.ask_directly("and now")
    await telegram.until_said(other, "cannot answer at the moment")

    def alerts() -> list[str]:
        texts = [message.text for message in own_scene.stage.telegram.world.messages.values()]
        return [text for text in texts if "An operator has to act" in text]

    await telegram.book.until(lambda: len(alerts()) > 0, 30.0)
    assert "TALKIFAI_API_KEY" in alerts()[0]
