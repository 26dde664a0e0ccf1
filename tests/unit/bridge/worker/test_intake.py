"""What becomes of each thing that can come in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bridge.access.lists import AccessList, AccessPolicy, ChannelLists
from bridge.access.routes import RouteTable
from bridge.conversation.admission import Admissions, Say
from bridge.conversation.announcer import Words
from bridge.conversation.channels import Channels
from bridge.conversation.sessions.allowances import AllowanceKeeper, HourLimit
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import (
    Command,
    CommandName,
    Edit,
    Forbidden,
    Incoming,
    IntakeResult,
    Joined,
    Origin,
    Question,
    Queued,
    Rating,
    Remark,
    Stop,
    Withdrawal,
    Wordless,
)
from bridge.domain.limits.allowances import Allowances, Asking, Level, Taken
from bridge.domain.notices import Notice
from bridge.domain.take_overs import MayTakeOver
from bridge.domain.threads import ThreadKey
from bridge.runtime.clock import SystemClock
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.worker.busy import Busy
from bridge.worker.intake import Intake
from tests.english import english
from tests.fakes import FakeMarks, origin

FROM = origin()
LAST = origin(number=2)


class NoOffers:
    async def offer_retry(self, origin: Origin) -> None:
        raise AssertionError(origin)

    async def close_offer(self, taken: Command) -> None:
        raise AssertionError(taken)


async def _silent(to: Origin, notice: Notice | Words) -> None:
    """Say nothing."""


def admissions(policy: AccessPolicy, marks: FakeMarks | None = None, say: Say = _silent) -> Admissions:
    clock = SystemClock()
    return Admissions(
        policy=policy,
        channels=Channels([]),
        marks=marks or FakeMarks(),
        say=say,
        alarms=OperatorAlerts(clock),
        clock=clock,
    )


class FakeAllowances:
    """Knows when a person may ask again."""

    async def hour_wait_s(self, asking: Asking, at_most: int) -> float:
        return 600.0 if asking.question_id and at_most else 0.0

    async def take_question(self, asking: Asking, limits: Allowances) -> Taken:
        raise AssertionError(asking, limits)

    async def count_tokens(self, asking: Asking, tokens: int, limits: Allowances) -> Sequence[Level]:
        raise AssertionError(asking, tokens, limits)

    async def take_turn(self, asking: Asking, at_most: int) -> bool:
        raise AssertionError(asking, at_most)

    async def leave_turn(self, asking: Asking) -> None:
        raise AssertionError(asking)

    async def take_session(self, asking: Asking, at_most: int) -> Taken:
        raise AssertionError(asking, at_most)


def hour_of(admitting: Admissions, per_hour: int = 60, routes: RouteTable | None = None) -> HourLimit:
    limits = Allowances(person_questions_per_hour=per_hour)
    keeper = AllowanceKeeper(FakeAllowances(), SystemClock(), limits, OperatorAlerts(SystemClock()))
    return HourLimit(keeper, routes or RouteTable(), admitting.tell_once)


OPEN = admissions(AccessPolicy())


@dataclass
class FakeInbox:
    """Notes which method was called; answers with what a test sets."""

    answers: IntakeResult = IntakeResult.ACCEPTED
    called: list[str] = field(default_factory=list)
    per_hour: list[int] = field(default_factory=list)

    async def append(self, queued: Queued, per_hour: int = 0, *, interrupts: bool = False) -> IntakeResult:
        del interrupts
        self.per_hour.append(per_hour)
        return self._note("append", queued)

    async def place_of(self, queued: Queued) -> int:
        raise StoreUnavailable(queued.id)

    async def stop(self, stop: Stop) -> IntakeResult:
        return self._note("stop", stop)

    async def overhear(self, remark: Remark) -> IntakeResult:
        return self._note("overhear", remark)

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
        (Remark(FROM, "Bob, you?"), ["overhear"]),
        (Wordless(FROM), ["note_wordless"]),
        (Forbidden(FROM), []),
        (Joined(FROM), []),
    ],
)
async def test_questions_and_commands_queue_and_nothing_else_does(incoming: Incoming, called: list[str]) -> None:
    inbox = FakeInbox()
    became = await Intake(inbox, _silent, OPEN, NoOffers(), hour_of(OPEN)).accept(incoming)
    assert inbox.called == called
    otherwise = IntakeResult.WELCOME if isinstance(incoming, Joined) else IntakeResult.FORBIDDEN
    assert became is (IntakeResult.ACCEPTED if called else otherwise)


@pytest.mark.parametrize(
    ("about", "became", "called"),
    [("", IntakeResult.ACCEPTED, ["append"]), ("0123456789abcdef", IntakeResult.OFF, [])],
)
async def test_an_old_button_asks_nothing_where_take_overs_are_switched_off(
    about: str, became: IntakeResult, called: list[str]
) -> None:
    """M7: what is typed is a question; the press of a button is none."""
    inbox = FakeInbox()
    intake = Intake(inbox, _silent, OPEN, NoOffers(), hour_of(OPEN), MayTakeOver.OFF)
    assert await intake.accept(Command(FROM, CommandName.HUMAN, about)) is became
    assert inbox.called == called


@pytest.mark.parametrize(
    ("incoming", "became", "notices"),
    [
        (Question(FROM, "why?"), IntakeResult.ACCEPTED, []),
        (Question(FROM, "why?"), IntakeResult.FULL, [Notice.BUSY]),
        (Question(FROM, "why?"), IntakeResult.OVER, []),
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

    intake = Intake(FakeInbox(became), say, OPEN, NoOffers(), hour_of(OPEN))
    assert await intake.accept(incoming) is became
    await intake.accept(Forbidden(LAST))
    telling = asyncio.ensure_future(intake.tell_notices())
    await asyncio.wait_for(is_over.wait(), 5)
    telling.cancel()
    assert said == [*((FROM, notice) for notice in notices), (LAST, Notice.ADMINS_ONLY)]


@pytest.mark.parametrize(
    ("incoming", "became", "notices"),
    [
        (Question(FROM, "why?"), IntakeResult.REFUSED, 1),
        (Command(FROM, CommandName.END), IntakeResult.REFUSED, 1),
        (Command(FROM, CommandName.RETRY, "0123"), IntakeResult.REFUSED, 0),
        (Stop(FROM), IntakeResult.REFUSED, 0),
        (Wordless(FROM), IntakeResult.REFUSED, 1),
        (Joined(FROM), IntakeResult.REFUSED, 0),
        (Question(origin(addressed=False), "why?"), IntakeResult.NOT_ADDRESSED, 0),
    ],
)
async def test_nothing_is_kept_of_what_may_not_be_asked_and_it_is_told_once(
    incoming: Incoming, became: IntakeResult, notices: int
) -> None:
    """A19: a person who addressed the bot is refused once; others see nothing."""
    said: list[tuple[Origin, str]] = []
    is_over = asyncio.Event()

    async def say(to: Origin, notice: Notice | Words) -> None:
        said.append((to, english(notice) if isinstance(notice, Notice) else notice(english)))
        if to == last:
            is_over.set()

    inbox, last = FakeInbox(), origin(number=3, thread=ThreadKey(FROM.thread.channel, "A1", "P2"))
    policy = AccessPolicy({FROM.thread.channel: ChannelLists(people=AccessList(denied=frozenset({FROM.person.id})))})
    admitting = admissions(policy, FakeMarks(), say)
    intake = Intake(inbox, say, admitting, NoOffers(), hour_of(admitting))
    for _ in range(2):
        assert await intake.accept(incoming) is became
    await intake.accept(Question(last, "in another place"))
    telling = asyncio.ensure_future(intake.tell_notices())
    await asyncio.wait_for(is_over.wait(), 5)
    telling.cancel()
    assert inbox.called == []
    assert [words for to, words in said if to != last] == [
        "Sorry, I may not answer you here. If I should, give the person who runs me this id: U1"
    ] * notices


async def test_a_person_whose_hour_is_used_up_hears_at_once_when_to_come_again() -> None:
    """A20: where the question comes in, once for all of them."""
    said: list[str] = []
    is_told = asyncio.Event()

    async def say(_to: Origin, notice: Notice | Words) -> None:
        said.append(english(notice) if isinstance(notice, Notice) else notice(english))
        is_told.set()

    admitting = admissions(AccessPolicy(), FakeMarks(), say)
    inbox = FakeInbox(IntakeResult.OVER)
    intake = Intake(inbox, say, admitting, NoOffers(), hour_of(admitting, per_hour=7))
    for _ in range(3):
        assert await intake.accept(Question(FROM, "why?")) is IntakeResult.OVER
    telling = asyncio.ensure_future(intake.tell_notices())
    await asyncio.wait_for(is_told.wait(), 5)
    telling.cancel()
    assert said == [f"{english(Notice.USED_UP_HOUR)} Please ask again in about 10 minutes."]
    assert inbox.per_hour == [7, 7, 7]


async def test_what_costs_nothing_is_not_counted_for_the_hour() -> None:
    """A20: a person over the limit can still end a conversation."""
    inbox = FakeInbox()
    for incoming in (Command(FROM, CommandName.END), Command(FROM, CommandName.RETRY), Question(FROM, "why?")):
        await Intake(inbox, _silent, OPEN, NoOffers(), hour_of(OPEN)).accept(incoming)
    assert inbox.per_hour == [0, 60, 60]


async def test_a_place_that_the_store_does_not_tell_is_not_said() -> None:
    """R1: an error there would end the notices that are being shown beside it."""

    async def say(to: Origin, words: Words) -> None:
        raise AssertionError(to, words)

    await Busy(FakeInbox(), RouteTable(), say, interrupts=False).say_place(Question(FROM, "why?"))
