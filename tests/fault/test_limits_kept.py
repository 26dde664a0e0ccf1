"""The services' own limits, switched on: no call is refused, none waits without need, with any number of workers."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from bridge.domain.threads import ThreadKey
from sandbox.bridge_process import BridgeProcess
from sandbox.faults import Fault
from sandbox.talkifai.script import Answer, Say
from sandbox.telegram.flood import Limits
from tests.fault.cluster import Cluster
from tests.fault.steps import BEGIN, WHOLE, Scene, text_streams
from tests.fault.talks import slack_talk, talk_on

_STREAM_S = 4.0
_CHUNKS = 40
_MOST_LATE_S = 0.5


def _answer_to(question: str) -> str:
    return f"This is the answer to {question}. " * 24


def _prepare(cluster: Cluster, count: int) -> list[str]:
    questions = [f"question {number}" for number in range(count)]
    for question in questions:
        text = _answer_to(question)
        cluster.answers[question] = Answer.of(Say(text, -(-len(text) // _CHUNKS), _STREAM_S / _CHUNKS))
    return questions


async def _ended_at(cluster: Cluster, question: str) -> float:
    """Return when the answer's last character was written, by the monotonic clock."""
    book = cluster.stage.talkifai.book
    record = next(record for record in book.records if question in record.posted)
    # All may be seen a moment before the agent says that it was all.
    await book.until(lambda: record.messages[-1].role == "assistant")
    return record.messages[-1].at - time.time() + time.monotonic()


@pytest.mark.parametrize("workers", [1, 2])
async def test_20_replies_of_4_s_at_once_in_one_slack_workspace(cluster: Cluster, workers: int) -> None:
    """S8: 50 edits a minute, 20 of them last ones: no 429, and no last text late."""
    cluster.stage.talkifai.pace = 1.0
    questions = _prepare(cluster, 20)
    slack = cluster.stage.slack
    slack.limits.enabled = True
    await asyncio.gather(*(cluster.start_worker(TELEGRAM_BOT_TOKEN="") for _ in range(workers)))
    places = [slack.add_channel(f"C{number:05d}", f"general-{number}") for number in range(20)]
    people = [slack.person(f"Ada {number}", f"U{number:05d}", f"ada{number}@example.com") for number in range(20)]
    for person, place, question in zip(people, places, questions, strict=True):
        await slack.say(person, place, f"{slack.mention} {question}")

    wanted = {place: _answer_to(question).strip() for place, question in zip(places, questions, strict=True)}
    await _until_shown(cluster, wanted)

    assert slack.limits.answered == {}
    last = {call.params["channel"]: call.at for call in slack.calls if call.method == "chat.update"}
    late = [last[place] - await _ended_at(cluster, question) for place, question in zip(places, questions, strict=True)]
    assert max(late) < _MOST_LATE_S
    edits = sum(call.method == "chat.update" for call in slack.calls)
    # Last texts alone would be 20: people see the answers grow.
    assert 30 <= edits <= 50


async def test_each_of_200_new_askers_at_once_sees_at_once_that_the_agent_is_at_work(cluster: Cluster) -> None:
    """S8: the status lines have calls of their own, and people are known from the list of members."""
    cluster.stage.talkifai.pace = 1.0
    slack = cluster.stage.slack
    slack.limits.enabled = True
    await cluster.start_worker(TELEGRAM_BOT_TOKEN="")
    answer = "It is open until five. "
    places = [slack.add_channel(f"C{number:05d}", f"general-{number}") for number in range(200)]
    for number, place in enumerate(places):
        cluster.answers[f"question {number}!"] = Answer.of(Say(answer, 8, 0.3))
        person = slack.person(f"Ada {number}", f"U{number:05d}", f"ada{number}@example.com")
        await slack.say(person, place, f"{slack.mention} question {number}!")

    await _until_shown(cluster, dict.fromkeys(places, answer.strip()))

    assert slack.limits.answered == {}
    shown = [(call.method, call.params) for call in slack.calls]
    told = [params["channel_id"] for method, params in shown if method == "assistant.threads.setStatus"]
    answered = [params["channel"] for method, params in shown if method == "chat.postMessage"]
    assert sorted(told) == sorted(answered) == places


@pytest.mark.parametrize("workers", [1, 2])
async def test_10_topics_of_one_telegram_group_at_once(cluster: Cluster, workers: int) -> None:
    """S8: 20 calls a minute for all topics together, and about one a second: at least the last text of each."""
    cluster.stage.talkifai.pace = 1.0
    questions = _prepare(cluster, 10)
    telegram = cluster.stage.telegram
    telegram.limit(Limits())
    await asyncio.gather(*(cluster.start_worker(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="") for _ in range(workers)))
    group = telegram.group("Forum", forum=True)
    person = telegram.person("Bob")
    for question in questions:
        topic = telegram.topic(group, question, person)
        await telegram.say(person, group, question, topic=topic, mention=True)

    place = str(group.id)
    await telegram.ledger.until(
        lambda: {shown.text for shown in telegram.ledger.shown(place)} == {_answer_to(q).strip() for q in questions},
        60.0,
    )

    assert telegram.flood_gate.refused == {}
    assert 10 <= len(telegram.calls_of("sendMessage", "editMessageText")) <= 20
    assert telegram.calls_of("sendChatAction") == []


async def _until_shown(cluster: Cluster, wanted: dict[str, str]) -> None:
    ledger = cluster.stage.slack.ledger

    def shown(place: str) -> list[str]:
        return [reply.text.strip() for reply in ledger.shown(place)]

    await ledger.until(lambda: all(shown(place) == [text] for place, text in wanted.items()), 60.0)


async def _one_each(cluster: Cluster, workers: Sequence[BridgeProcess]) -> list[Scene]:
    """Ask until every worker is at an answer that pauses; return one such scene of each."""
    scenes: dict[str, Scene] = {}
    for number in range(40):
        scene = Scene(cluster, slack_talk(cluster.stage), f"question {number}")
        await text_streams(scene)
        worker = _whose(cluster, workers, scene.talk.thread)
        scenes.setdefault(worker.log_file.stem, scene)
        if len(scenes) == len(workers):
            return list(scenes.values())
    raise AssertionError("one worker takes everything")


def _whose(cluster: Cluster, workers: Sequence[BridgeProcess], thread: ThreadKey) -> BridgeProcess:
    return next(worker for worker in workers if cluster.opened_by(worker, thread))


async def test_a_429_that_one_worker_sees_holds_back_the_other(cluster: Cluster) -> None:
    """S8: no call in the forbidden time, by any worker; then the complete text."""
    wait_s = 6
    workers = [await cluster.start_worker(), await cluster.start_worker()]
    here, there = await _one_each(cluster, workers)
    faults = cluster.stage.slack.faults
    faults.arm(Fault("chat.update", where=here.talk.here, status=429, retry_after_s=wait_s))
    here.open_all()
    await here.talk.ledger.until(lambda: any(fault.retry_after_s == wait_s for _, fault in faults.hit), 30.0)
    forbidden_from = time.monotonic()
    await asyncio.sleep(0.3)
    there.open_all()

    for scene in (here, there):
        await scene.talk.until_whole(WHOLE)
    updates = [call.at for call in cluster.stage.slack.calls if call.method == "chat.update"]
    assert [at for at in updates if forbidden_from + 0.1 < at < forbidden_from + wait_s - 0.1] == []


@pytest.mark.parametrize("channel", ["slack", "telegram"])
async def test_a_last_text_waits_out_a_429_that_its_worker_did_not_outlive(cluster: Cluster, channel: str) -> None:
    """S8: on Telegram the next worker shows it after the time that the service said; on Slack the rest is posted."""
    wait_s = 12
    victim = await cluster.start_worker()
    scene = Scene(cluster, talk_on(cluster.stage, channel), "a question")
    talk = scene.talk
    await text_streams(scene)
    limited_after = time.monotonic()
    talk.faults.arm(Fault(talk.edit_call, where=talk.here, status=429, retry_after_s=wait_s))
    scene.open_all()
    await talk.ledger.until(lambda: any(fault.retry_after_s == wait_s for _, fault in talk.faults.hit), 30.0)
    await _until_answered(cluster, talk.thread)
    await victim.kill()
    assert talk.texts[0].strip() == BEGIN.strip()
    await cluster.expire_leases(talk.thread)
    await cluster.start_worker()

    await talk.until_whole(WHOLE)
    if channel == "telegram":
        assert time.monotonic() >= limited_after + wait_s
    assert talk.posted == [scene.question]
    assert talk.never_went_back()


async def _until_answered(cluster: Cluster, thread: ThreadKey) -> None:
    async with asyncio.timeout(10):
        while await cluster.redis.hget(cluster.stores.keys.turn(thread), "step") != b"answered":  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
