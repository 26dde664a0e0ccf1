"""What TalkifAI refuses: people see an answer or a neutral sentence, and every conversation is closed."""

import time
from functools import partial

import pytest

from bridge.domain.notices import Notice, Status
from sandbox.faults import Fault
from sandbox.talkifai.agents import TEXT_AGENT_ID, AgentProfile
from sandbox.talkifai.conversations import Book, Record
from sandbox.talkifai.script import Answer
from tests.english import english, without_reference
from tests.scenario.messengers import Messenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_FIRST, _SECOND = "This is the first answer.", "This is the second answer."


async def _begin(messenger: Messenger) -> Talk:
    messenger.scene.answers["first"] = Answer.of(_FIRST)
    messenger.scene.answers["second"] = Answer.of(_SECOND)
    talk = await messenger.ask_directly("first")
    await messenger.until_texts(talk, _FIRST)
    return talk


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_conversation_that_is_lost_is_replaced_in_the_middle_of_a_thread(
    messenger: Messenger, status: int
) -> None:
    """B7: token expired, conversation gone, mismatch."""
    talkifai = messenger.stage.talkifai
    talk = await _begin(messenger)
    (old,) = messenger.records(talk)
    match status:
        case 401:
            talkifai.revoke_token(old.id)
        case 404:
            talkifai.expire(old.id)
        case _:
            talkifai.faults.arm(Fault("ask", {"conversation": old.id}, status=403))

    await messenger.follow_up(talk, "second")
    await messenger.until_texts(talk, _FIRST, _SECOND)
    await messenger.book.until(lambda: messenger.book.end_requests.get(old.id, 0) >= 1)

    records = messenger.records(talk)
    assert [record.posted for record in records] == [["first"], ["second"]]
    # Known closed by TalkifAI's own word, or ended.
    assert (old.ended_at is not None) == (status == 403)


async def test_an_end_that_fails_is_repeated_until_it_works(messenger: Messenger) -> None:
    """B3: `/end` fails with 5xx, 429 or without an answer."""
    failing: list[tuple[Talk, Record]] = []
    for fault in (
        Fault("end", status=500),
        Fault("end", status=429, retry_after_s=1),
        Fault("end", refuse=True),
        Fault("end", lose_answer=True),
    ):
        talk = await _begin(messenger)
        (record,) = messenger.records(talk)
        fault.where = {"conversation": record.id}
        messenger.stage.talkifai.faults.arm(fault)
        failing.append((talk, record))

    for talk, _ in failing:
        await messenger.follow_up(talk, _end(messenger))
    for talk, record in failing:
        await messenger.until_said(talk, english(Notice.ENDED))
        await messenger.book.until(partial(_was_tried, messenger.book, record, times=2))
        await messenger.until_ended(talk)

    assert [messenger.book.end_requests[record.id] for _, record in failing] == [2, 2, 2, 2]


async def test_an_end_that_finds_nothing_counts_as_done(telegram: TelegramMessenger) -> None:
    """B3: 404 counts as closed."""
    gone, failing = await _begin(telegram), await _begin(telegram)
    (lost,), (kept,) = telegram.records(gone), telegram.records(failing)
    telegram.stage.talkifai.expire(lost.id)
    telegram.stage.talkifai.faults.arm(Fault("end", {"conversation": kept.id}, status=500, times=2))

    await telegram.follow_up(gone, "/end")
    await telegram.book.until(partial(_was_tried, telegram.book, lost, times=1))
    await telegram.follow_up(failing, "/end")
    await telegram.until_ended(failing)

    # In the time in which an end that fails is tried three times, one that is done is not tried again.
    assert telegram.book.end_requests[kept.id] == 3
    assert telegram.book.end_requests[lost.id] == 1


def _end(messenger: Messenger) -> str:
    return "end" if messenger.name == "slack" else "/end"


def _was_tried(book: Book, record: Record, *, times: int) -> bool:
    return book.end_requests.get(record.id, 0) >= times


async def test_a_limit_of_the_organisation_makes_answers_wait_their_turn(messenger: Messenger) -> None:
    """B9: 429 from TalkifAI, on opening and on asking."""
    question = f"in turn, {messenger.name}"
    messenger.scene.answers[question] = Answer.of("It was worth the wait, I hope.")
    faults = messenger.stage.talkifai.faults
    faults.arm(Fault("open", status=429, retry_after_s=1))
    faults.arm(Fault("ask", {"message": question}, status=429, retry_after_s=3))

    asked_at = time.monotonic()
    talk = await messenger.ask_in_group(question)
    await messenger.until_texts(talk, "It was worth the wait, I hope.")

    assert time.monotonic() - asked_at >= 4.0
    assert english(Status.WAITING) in messenger.versions(talk)[0].text
    assert [record.posted for record in messenger.records(talk)] == [[question]]


@pytest.mark.parametrize(
    ("kind", "patch"),
    [("AgentOutOfCredits", "credits"), ("AgentKeyRefused", "key"), ("AgentNotText", "agent")],
)
async def test_what_only_the_operator_can_mend_is_told_to_people_neutrally_and_to_the_operator_once(
    messenger: Messenger, scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str, patch: str
) -> None:
    """B8: no credits (402), bad key (401), voice agent (400)."""
    gate = scene.stage.talkifai.gate
    with monkeypatch.context() as broken:
        match patch:
            case "credits":
                broken.setattr(gate, "out_of_credits", True)
            case "key":
                broken.setattr(gate, "api_keys", set())
            case _:
                broken.setitem(gate.agents, TEXT_AGENT_ID, AgentProfile("Phone Agent", is_text=False))
        for question in ("may I ask?", "and now?"):
            talk = await messenger.ask_directly(question)
            await messenger.until_said(talk, english(Notice.UNAVAILABLE))
            texts = [without_reference(text.strip("_")) for text in messenger.texts(talk)]
            assert texts == [english(Notice.UNAVAILABLE)]

    # The log comes over a pipe: give it the time to arrive.
    await messenger.book.until(lambda: kind in scene.log)
    assert len([line for line in scene.log.splitlines() if "an operator has to act" in line and kind in line]) == 1

    talk = await _begin(messenger)
    assert [record.posted for record in messenger.records(talk)] == [["first"]]
