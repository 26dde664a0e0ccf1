"""What is not known of Slack and Telegram may be the other way: people see the same."""

import asyncio

import pytest

from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold, Say
from sandbox.telegram.flood import Limits
from tests.scenario.messengers import SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(120)]

_LONG = " ".join(f"Sentence {number} of a long answer, with an emoji 😀 in it." for number in range(150))
_BEGIN = "It begins well, and goes on for a while "


async def test_slack_may_be_the_other_way(own_scene: Scene) -> None:
    """S8: late acknowledgements count, long texts are cut, expired streams stay as they are."""
    slack = SlackMessenger(own_scene)
    unknown = slack.slack.assumptions
    unknown.takes_late_acks = unknown.cuts_long_updates = True
    unknown.repeats_presses = unknown.repairs_expired_streams = unknown.presses_name_the_thread = False
    gate = Gate()
    own_scene.answers["long"] = Answer.of(Say(_LONG, chunk=200, pause_s=0.02))
    own_scene.answers["expires"] = Answer.of(
        Say("It begins well, and goes on for a while "), Hold(gate), Say("to its end.")
    )
    await own_scene.start_bridge(TELEGRAM_BOT_TOKEN="", SLACK_STREAMING="native")

    talk = await slack.ask_directly("long")
    await slack.ledger.until(lambda: " ".join(slack.texts(talk)) == _LONG, 30)

    place = slack.slack.add_channel(slack.channel().replace("C", "D"))
    root = await slack.slack.say_as_bot(place, "A reminder from another app")
    stream = Talk(place, root, [await slack.slack.say(slack.person(), place, "expires", root)])
    await slack.until_said(stream, "It begins well")
    slack.slack.api.streams.expire()
    gate.open()
    await slack.until_said(stream, _BEGIN + "to its end.")
    assert slack.slack.api.streams.live == []


async def test_telegram_may_be_the_other_way(own_scene: Scene) -> None:
    """S8: "typing" counts, drafts do not, lengths are in UTF-16 units, a press comes twice."""
    telegram = TelegramMessenger(own_scene)
    unknown = telegram.telegram.assumptions
    unknown.typing_counts = unknown.counts_utf16 = unknown.repeats_presses = True
    unknown.drafts_count = unknown.has_rich_messages = False
    gate = Gate()
    own_scene.answers["long"] = Answer.of(Say(_LONG, chunk=200, pause_s=0.05))
    own_scene.answers["stopped"] = Answer.of(
        Say("It begins well, and goes on for a while "), Hold(gate), Say("too long.")
    )
    telegram.telegram.limit(Limits())
    await own_scene.start_bridge(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")

    private, group = await asyncio.gather(telegram.ask_directly("long"), telegram.ask_in_group("long"))
    for talk in (private, group):
        await telegram.ledger.until(lambda talk=talk: " ".join(telegram.texts(talk)) == _LONG, 60)  # type: ignore[misc]  # bound now
    assert telegram.telegram.flood_gate.refused == {}

    talk = await telegram.ask_directly("stopped")
    await telegram.until_said(talk, "It begins well")
    person = next(one for one in telegram.telegram.world.people.values() if str(one.id) == talk.place)
    press = await telegram.telegram.press(person, int(telegram.replies(talk)[0].message_id), "⏹ Stop")
    await telegram.ledger.until(lambda: len(telegram.telegram.seen.press_answers.get(press, [])) == 2, 15)
    gate.open()
    assert telegram.telegram.seen.press_answers[press] == ["Stopped.", ""]
