"""Every question is answered once, however often and in whatever order it is delivered."""

import pytest

from sandbox.talkifai.script import Answer
from tests.scenario.messengers import SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario
SHARED = pytest.mark.asyncio(loop_scope="module")

_ANSWER = "This is the one and only answer."
_FENCE = "This is asked after all the rest."


async def _settle_slack(slack: SlackMessenger) -> None:
    """Return when everything that was delivered so far has been read: what is asked now is answered after it."""
    await slack.slack.sockets.settled()
    slack.scene.answers["a fence"] = Answer.of(_FENCE)
    await slack.until_texts(await slack.ask_directly("a fence"), _FENCE)


@SHARED
async def test_slack_delivers_the_same_event_four_times(slack: SlackMessenger, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1: the same event at retry 0 to 3 gives one reply."""
    slack.scene.answers["slow ack"] = Answer.of(_ANSWER)
    sockets = slack.slack.sockets
    with monkeypatch.context() as patch:
        # No acknowledgement is in time.
        patch.setattr(sockets, "ack_within_s", 0.0)
        patch.setattr(sockets, "redelivery_after_s", (0.0, 0.3, 0.5))
        talk = await slack.ask_directly("slow ack")
        delivery = slack.slack.deliveries[-1]
        await delivery.settled.wait()
    await slack.until_texts(talk, _ANSWER)
    await _settle_slack(slack)

    assert len(delivery.attempts) == 4
    assert slack.texts(talk) == [_ANSWER]
    assert [record.posted for record in slack.records(talk)] == [["slow ack"]]


@SHARED
@pytest.mark.parametrize("mention_first", [False, True])
async def test_message_and_app_mention_are_one_question(
    slack: SlackMessenger,
    monkeypatch: pytest.MonkeyPatch,
    mention_first: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    """D2: one message as `message` and `app_mention`, in both orders."""
    slack.scene.answers["twice told"] = Answer.of(_ANSWER)
    before = len(slack.slack.deliveries)
    monkeypatch.setattr(slack.slack, "mention_comes_first", mention_first)

    talk = await slack.ask_in_group("twice told")
    await slack.until_texts(talk, _ANSWER)
    await _settle_slack(slack)

    kinds = [delivery.payload["event"]["type"] for delivery in slack.slack.deliveries[before : before + 2]]
    assert kinds == (["app_mention", "message"] if mention_first else ["message", "app_mention"])
    assert slack.texts(talk) == [_ANSWER]
    assert [record.posted for record in slack.records(talk)] == [["twice told"]]


@SHARED
async def test_one_message_under_eleven_event_ids_is_one_question(slack: SlackMessenger) -> None:
    """D2: one message under several event ids."""
    slack.scene.answers["eleven times"] = Answer.of(_ANSWER)
    talk = await slack.ask_directly("eleven times")
    delivery = slack.slack.deliveries[-1]
    for _ in range(10):
        slack.slack.redeliver(delivery, under_new_id=True)
    await slack.until_texts(talk, _ANSWER)
    await _settle_slack(slack)

    assert slack.texts(talk) == [_ANSWER]
    assert [record.posted for record in slack.records(talk)] == [["eleven times"]]


async def test_only_the_retry_of_slacks_delivery_arrives(own_scene: Scene) -> None:
    """D3: the first delivery is missed in a deploy."""
    slack = SlackMessenger(own_scene)
    own_scene.answers["in a deploy"] = Answer.of(_ANSWER)
    # Until the bridge is there, each attempt finds no socket.
    slack.slack.sockets.redelivery_after_s = (0.5,) * 120

    talk = await slack.ask_in_group("in a deploy")
    await own_scene.start_bridge(TELEGRAM_BOT_TOKEN="")
    await slack.until_texts(talk, _ANSWER)
    await slack.slack.sockets.settled()

    arrived = [attempt for attempt in slack.slack.deliveries[0].attempts if attempt.connection]
    assert len(slack.slack.deliveries[0].attempts) > len(arrived) == 1
    assert slack.texts(talk) == [_ANSWER]


async def test_telegram_delivers_again_after_a_restart(own_scene: Scene) -> None:
    """D4: a restarted bridge knows the updates that it has answered."""
    telegram = TelegramMessenger(own_scene)
    own_scene.answers["before the restart"] = Answer.of(_ANSWER)
    own_scene.answers["after the restart"] = Answer.of(_FENCE)
    only_telegram = {"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": ""}
    first = await own_scene.start_bridge(**only_telegram)
    talk = await telegram.ask_directly("before the restart")
    update = telegram.telegram.last_update_id
    await telegram.until_texts(talk, _ANSWER)
    assert await first.stop() == 0

    telegram.telegram.redeliver(update)
    await own_scene.start_bridge(**only_telegram)
    telegram.telegram.redeliver(update)
    await telegram.follow_up(talk, "after the restart")
    await telegram.until_texts(talk, _ANSWER, _FENCE)

    assert [record.posted for record in telegram.records(talk)] == [["before the restart", "after the restart"]]


async def test_a_session_that_falls_idle_during_a_restart_ends(own_scene: Scene) -> None:
    """B1: a worker restarts while sessions are idle."""
    telegram = TelegramMessenger(own_scene)
    own_scene.answers["and then silence"] = Answer.of(_ANSWER)
    settings = {"SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": "", "BRIDGE_IDLE_TIMEOUT": "2"}
    first = await own_scene.start_bridge(**settings)
    talk = await telegram.ask_directly("and then silence")
    await telegram.until_texts(talk, _ANSWER)
    assert await first.stop() == 0
    (record,) = telegram.records(talk)
    assert record.ended_at is None

    await own_scene.start_bridge(**settings)
    await telegram.until_ended(talk)

    assert telegram.book.end_requests == {record.id: 1}
