"""What becomes of each thing that can come in."""

import asyncio
from dataclasses import dataclass, field

import pytest

from bridge.domain.incoming import (
    Command,
    CommandName,
    Edit,
    Forbidden,
    Incoming,
    IntakeResult,
    Origin,
    Question,
    Queued,
    Rating,
    Stop,
    Withdrawal,
    Wordless,
)
from bridge.domain.notices import Notice
from bridge.domain.threads import ThreadKey
from bridge.worker.intake import Intake
from tests.fakes import origin

FROM = origin()
LAST = origin(number=2)


@dataclass
class FakeInbox:
    """Notes which method was called; answers with what a test sets."""

    answers: IntakeResult = IntakeResult.ACCEPTED
    called: list[str] = field(default_factory=list)

    async def append(self, queued: Queued) -> IntakeResult:
        return self._note("append", queued)

    async def stop(self, stop: Stop) -> IntakeResult:
        return self._note("stop", stop)

    async def rate(self, rating: Rating) -> IntakeResult:
        return self._note("rate", rating)

    async def note_wordless(self, thread: ThreadKey) -> IntakeResult:
        return self._note("note_wordless", thread)

    async def amend(self, change: Edit | Withdrawal) -> IntakeResult:
        return self._note("amend", change)

    def _note(self, name: str, given: object) -> IntakeResult:
        assert given
        self.called.append(name)
        return self.answers


@pytest.mark.parametrize(
    ("incoming", "called"),
    [
        (Question(FROM, "why?"), ["append"]),
        (Command(FROM, CommandName.END), ["append"]),
        (Stop(FROM), ["stop"]),
        (Rating(FROM, "0123", is_good=True), ["rate"]),
        (Edit(FROM, "how?"), ["amend"]),
        (Withdrawal(FROM), ["amend"]),
        (Wordless(FROM), ["note_wordless"]),
        (Forbidden(FROM), []),
    ],
)
async def test_questions_and_commands_queue_and_nothing_else_does(incoming: Incoming, called: list[str]) -> None:
    inbox = FakeInbox()
    became = await Intake(inbox, _silent).accept(incoming)
    assert inbox.called == called
    assert became is (IntakeResult.ACCEPTED if called else IntakeResult.FORBIDDEN)


@pytest.mark.parametrize(
    ("incoming", "became", "notices"),
    [
        (Question(FROM, "why?"), IntakeResult.ACCEPTED, []),
        (Question(FROM, "why?"), IntakeResult.FULL, [Notice.BUSY]),
        (Command(FROM, CommandName.RETRY), IntakeResult.QUEUED, [Notice.QUEUED]),
        (Command(FROM, CommandName.RETRY, "0123"), IntakeResult.QUEUED, []),
        (Stop(FROM), IntakeResult.NOTHING, [Notice.NOTHING_TO_STOP]),
        (Stop(FROM, "0123"), IntakeResult.NOTHING, []),
        (Rating(FROM, "0123", is_good=False), IntakeResult.NOTHING, []),
        (Wordless(FROM), IntakeResult.WORDLESS, [Notice.ONLY_TEXT]),
        (Forbidden(FROM), IntakeResult.FORBIDDEN, [Notice.ADMINS_ONLY]),
    ],
)
async def test_what_was_written_gets_its_notice_and_a_press_is_answered_by_its_channel(
    incoming: Incoming, became: IntakeResult, notices: list[Notice]
) -> None:
    said: list[tuple[Origin, Notice]] = []
    is_over = asyncio.Event()

    async def say(to: Origin, notice: Notice) -> None:
        said.append((to, notice))
        if to == LAST:
            is_over.set()

    intake = Intake(FakeInbox(became), say)
    assert await intake.accept(incoming) is became
    await intake.accept(Forbidden(LAST))
    telling = asyncio.ensure_future(intake.tell_notices())
    await asyncio.wait_for(is_over.wait(), 5)
    telling.cancel()
    assert said == [*((FROM, notice) for notice in notices), (LAST, Notice.ADMINS_ONLY)]


async def _silent(to: Origin, notice: Notice) -> None:
    raise AssertionError(f"said {notice} to {to}")
