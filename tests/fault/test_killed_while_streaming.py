"""A worker is killed while an answer grows in a service's own way; the next one finishes it."""

import asyncio

import pytest

from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold, Say
from tests.fault.cluster import Cluster
from tests.fault.talks import SlackTalk, slack_talk, telegram_talk

_BEGIN = "The answer begins with these words, and they are enough to show. "
_MIDDLE = "Some more of it follows here, so that the message has to grow. "
_REST = "With this the answer ends."
_WHOLE = _BEGIN + _MIDDLE + _REST
_LEASE_S = 31.0
_LOOKS = 4


def _held(cluster: Cluster, question: str) -> list[Gate]:
    gates = [Gate(), Gate()]
    parts = [Say(part, chunk=len(part)) for part in (_BEGIN, _MIDDLE, _REST)]
    cluster.answers[question] = Answer.of(parts[0], Hold(gates[0]), parts[1], Hold(gates[1]), parts[2])
    return gates


async def _ask_in_thread(talk: SlackTalk, text: str) -> str:
    slack = talk.stage.slack
    root = await slack.say_as_bot(talk.place, "A reminder from another app")
    await slack.say(talk.place.replace("D", "U", 1), talk.place, text, root)
    return root


@pytest.mark.parametrize("next_mode", ["native", "edit"])
async def test_a_slack_stream_is_closed_and_made_whole_by_the_next_worker(cluster: Cluster, next_mode: str) -> None:
    """D6: killed in mid-stream: one message, no text twice, nothing that still seems to be written."""
    first = await cluster.start_worker(SLACK_STREAMING="native", TELEGRAM_BOT_TOKEN="")
    talk = slack_talk(cluster.stage)
    gates = _held(cluster, "stream it")
    await _ask_in_thread(talk, "stream it")
    await talk.until_shown(_BEGIN.strip())
    gates[0].open()
    await talk.until_shown((_BEGIN + _MIDDLE).strip())
    await cluster.until_recorded(talk.thread)
    streams = talk.stage.slack.api.streams
    (stream,) = streams.live
    await first.kill()
    gates[1].open()
    await cluster.let_time_pass(_LEASE_S)
    await cluster.start_worker(SLACK_STREAMING=next_mode, TELEGRAM_BOT_TOKEN="")

    await talk.until_texts(_WHOLE)
    await cluster.until_let_go(talk.thread)
    assert streams.live == []
    assert [reply.message_id for reply in talk.replies] == [stream]
    assert talk.never_went_back()
    assert talk.posted == ["stream it"]


async def test_a_slack_stream_that_no_record_tells_of_is_found_by_the_next_worker(cluster: Cluster) -> None:
    """S16: killed between Slack's start of the stream and the write of its id."""
    first = await cluster.start_worker(SLACK_STREAMING="native", TELEGRAM_BOT_TOKEN="")
    talk = slack_talk(cluster.stage)
    gates = _held(cluster, "start it")
    answer = Gate()
    talk.faults.arm(Fault("chat.startStream", where=talk.here, hold_answer=answer))
    await _ask_in_thread(talk, "start it")
    await answer.reached()
    await first.kill()
    for gate in (answer, *gates):
        gate.open()
    await cluster.let_time_pass(_LEASE_S)
    await cluster.start_worker(SLACK_STREAMING="native", TELEGRAM_BOT_TOKEN="")

    await talk.until_texts(_WHOLE)
    assert talk.stage.slack.api.streams.live == []
    assert talk.never_went_back()


async def test_a_reply_that_the_next_worker_finishes_has_no_status_below_it_for_ever(cluster: Cluster) -> None:
    """Slack takes a status away when the app posts, not when it edits; the next worker only edits."""
    first = await cluster.start_worker(TELEGRAM_BOT_TOKEN="")
    talk = slack_talk(cluster.stage)
    gates = _held(cluster, "go on with it")
    await _ask_in_thread(talk, "go on with it")
    await talk.until_shown(_BEGIN.strip())
    await cluster.until_recorded(talk.thread)
    await first.kill()
    await cluster.let_time_pass(_LEASE_S)
    calls = talk.stage.talkifai.calls
    await cluster.start_worker(TELEGRAM_BOT_TOKEN="")
    # The answer is still being written: the next worker asks for it several times.
    await talk.stage.talkifai.book.until(lambda: [call.method for call in calls].count("history") >= _LOOKS, 30)
    for gate in gates:
        gate.open()

    await talk.until_texts(_WHOLE)
    methods = [call.method for call in talk.stage.slack.calls]
    assert "assistant.threads.setStatus" not in methods[methods.index("chat.postMessage") :]


async def test_a_telegram_draft_goes_by_itself_and_the_next_worker_sends_the_answer(cluster: Cluster) -> None:
    """D6: killed while a draft stands: one message, one notification, and no draft that stays."""
    first = await cluster.start_worker(TELEGRAM_STREAMING="native", SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")
    talk = telegram_talk(cluster.stage)
    telegram = cluster.stage.telegram
    telegram.api.drafts.life_s = 3.0
    gates = _held(cluster, "draft it")
    await talk.ask("draft it")
    await talk.until_shown(_BEGIN.strip())
    await asyncio.wait_for(gates[0].reached(), 10.0)
    await first.kill()
    await talk.ledger.until(lambda: talk.replies == [])
    for gate in gates:
        gate.open()
    await cluster.let_time_pass(_LEASE_S)
    await cluster.start_worker(TELEGRAM_STREAMING="native", SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")

    await talk.until_texts(_WHOLE)
    await cluster.until_let_go(talk.thread)
    sent = telegram.calls_of("sendMessage")
    assert [str(call.params["chat_id"]) for call in sent] == [talk.place]
    assert telegram.calls_of("editMessageText") == []
    assert talk.posted == ["draft it"]
