"""Several Telegram bots in one worker, each with its own agent, beside Slack."""

import pytest

from bridge.domain.notices import Notice
from sandbox.talkifai.agents import QUIET_AGENT_ID, TEXT_AGENT_ID
from tests.english import english
from tests.scenario.messengers import WAIT_S, SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

_SECOND = "200:sandbox"


async def test_each_bot_answers_by_its_own_agent_and_a_refused_one_stops_nobody(own_scene: Scene) -> None:
    """A3: and the refused token is told by its place."""
    standin, telegram = own_scene.stage.telegram, TelegramMessenger(own_scene)
    second = standin.add_bot(_SECOND)
    await own_scene.start_bridge(
        TELEGRAM_BOT_TOKEN="",
        TELEGRAM_BOT_TOKENS=f"{standin.token},300:canary,{_SECOND}",
        TELEGRAM_AGENT_IDS=f",,{QUIET_AGENT_ID}",
    )
    ada = standin.person("Ada")
    for bot in (standin.bot, second):
        await standin.say(ada, standin.private_chat(ada, bot), f"hello {bot.id}")
    shown = {f"You asked: hello {bot.id}": bot for bot in (standin.bot, second)}
    await telegram.ledger.until(
        lambda: all(any(said in one.text for one in telegram.ledger.shown(str(ada.id))) for said in shown), WAIT_S
    )
    authors = {message.author.id: message.text for message in standin.world.messages.values() if message.author.is_bot}
    assert "hello 100" in authors[100]
    assert "hello 200" in authors[200]
    agents = {record.posted[0]: record.agent_id for record in telegram.book.records}
    assert agents == {"hello 100": TEXT_AGENT_ID, "hello 200": QUIET_AGENT_ID}
    assert "TELEGRAM_BOT_TOKENS, number 2: Telegram refuses this token" in own_scene.log
    assert "canary" not in own_scene.log

    await standin.say(ada, standin.private_chat(ada, second), "/end")
    await telegram.book.until(lambda: [r.agent_id for r in telegram.book.records if r.ended_at] == [QUIET_AGENT_ID])
    await telegram.ledger.until(lambda: telegram.ledger.shown(str(ada.id))[-1].text == english(Notice.ENDED), WAIT_S)


async def test_a_token_that_is_revoked_later_leaves_slack_at_work(own_scene: Scene) -> None:
    """B8: and is told."""
    standin, slack = own_scene.stage.telegram, SlackMessenger(own_scene)
    bridge = await own_scene.start_bridge()
    standin.revoke(standin.bot)
    # The poll that is held at that moment still returns.
    ada = standin.person("Ada")
    await standin.say(ada, standin.private_chat(ada), "wake up")
    talk = await slack.ask_directly("still there?")
    await slack.until_said(talk, "You asked: still there?")
    await standin.ledger.until(lambda: any(call.status == 401 for call in standin.calls), WAIT_S)
    talk = await slack.ask_directly("and now?")
    await slack.until_said(talk, "You asked: and now?")
    assert bridge.process.returncode is None
    assert "an operator has to act: TELEGRAM_BOT_TOKEN: Telegram refuses this token" in own_scene.log
    assert await bridge.stop() == 0
