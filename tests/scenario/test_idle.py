"""The meter stops when a thread falls silent, and not before."""

import asyncio
import time

import pytest

from sandbox.talkifai.script import Answer, Say
from tests.scenario.messengers import MESSENGERS, Messenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_IDLE_S = 2.0
_LATE_S = 2.0


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_IDLE_TIMEOUT": f"{_IDLE_S:g}", "BRIDGE_CARRY_OVER": "off"}


async def test_an_idle_session_ends_once_and_the_next_question_opens_another(scene: Scene) -> None:
    await asyncio.gather(*(_fall_idle_twice(kind(scene)) for kind in MESSENGERS.values()))


async def test_an_answer_longer_than_the_idle_time_is_not_ended_in_its_middle(scene: Scene) -> None:
    """B6: a long stream looks idle."""
    await asyncio.gather(*(_take_longer_than_the_idle_time(kind(scene)) for kind in MESSENGERS.values()))


async def test_in_the_end_nothing_is_left_open(scene: Scene) -> None:
    book = scene.stage.talkifai.book
    await book.until(lambda: book.open_now == 0)

    assert book.opened == book.ended
    assert set(book.end_requests.values()) <= {1}


async def _fall_idle_twice(messenger: Messenger) -> None:
    messenger.scene.answers["before"] = Answer.of("An answer before the silence.")
    messenger.scene.answers["after"] = Answer.of("An answer after the silence.")
    talk = await messenger.ask_in_group("before")
    await messenger.until_texts(talk, "An answer before the silence.")
    fell_silent_at = time.time()

    await messenger.until_ended(talk)
    (first,) = messenger.records(talk)
    assert first.ended_at is not None
    # The bridge counts from the turn's settling, just after its last edit was shown.
    assert _IDLE_S - 0.2 <= first.ended_at - fell_silent_at <= _IDLE_S + _LATE_S

    await messenger.follow_up(talk, "after")
    await messenger.until_texts(talk, "An answer before the silence.", "An answer after the silence.")
    await messenger.until_ended(talk, 2)

    records = messenger.records(talk)
    assert [record.posted for record in records] == [["before"], ["after"]]
    assert [messenger.book.end_requests[record.id] for record in records] == [1, 1]


async def _take_longer_than_the_idle_time(messenger: Messenger) -> None:
    text = " ".join(f"This takes its time, part {number}." for number in range(1, 21))
    messenger.scene.answers["take your time"] = Answer.of(Say(text, chunk=12, pause_s=0.1))

    talk = await messenger.ask_directly("take your time")
    await messenger.until_texts(talk, text)
    (record,) = messenger.records(talk)
    done_at = time.time()
    assert done_at - record.opened_at > 1.5 * _IDLE_S
    await messenger.until_ended(talk)

    assert record.ended_at is not None
    assert record.ended_at >= done_at
    assert messenger.book.end_requests[record.id] == 1
