"""People ask while an answer is written: the newest question counts, where the settings say so."""

import asyncio

import pytest

from sandbox.faults import Fault, Gate
from sandbox.talkifai.script import Answer, Hold
from tests.scenario.messengers import Messenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

OLD, NEW = "Berlin has four million people.", "Munich has a million and a half."


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_BUSY": "interrupt", "BRIDGE_LOG_LEVEL": "debug"}


async def test_the_newest_question_is_asked_and_those_in_between_are_told(messenger: Messenger) -> None:
    """M10: the answer at work stops; what came between never reaches the agent."""
    gate, stopping = Gate(), Gate()
    messenger.scene.answers |= {"of Berlin?": Answer.of(OLD, Hold(gate), " More."), "of Munich?": Answer.of(NEW)}
    talk = await messenger.ask_directly("of Berlin?")
    await messenger.until_said(talk, OLD)
    await gate.reached()
    messenger.faults.arm(Fault(messenger.edit_call, {messenger.fact: talk.place}, hold=stopping))
    for question in ("of Hamburg?", "of Bremen?", "of Munich?"):
        await messenger.follow_up(talk, question)
        await messenger.book.until(lambda: f":{talk.questions[-1]}" in messenger.scene.log)
        await asyncio.sleep(0.4)  # messages that come sooner after each other are one question on Telegram
    stopping.open()
    gate.open()
    await messenger.until_said(talk, NEW)
    first, *between, last = messenger.texts(talk)
    assert first.startswith(OLD)
    assert "Stopped: you asked a newer question" in first
    assert [text.strip("_").startswith("Not answered: you asked a newer question") for text in between] == [True, True]
    assert last == NEW
    assert [record.posted for record in messenger.records(talk)] == [["of Berlin?", "of Munich?"]]
