"""Stores or refuses what a channel hands over, before the channel may acknowledge it."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, assert_never

from bridge.access.lists import Refusal
from bridge.conversation.admission import Admissions
from bridge.conversation.sessions.allowances import HourLimit
from bridge.domain.incoming import (
    TAKE_OVER,
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
from bridge.domain.notices import Notice
from bridge.domain.take_overs import MayTakeOver
from bridge.ports.stores.work_queue import Inbox
from bridge.ports.tracing import NoTracer, Tracer
from bridge.runtime.background_queue import BackgroundQueue
from bridge.worker.busy import Busy

log = logging.getLogger(__name__)

_MOST_WAITING_NOTICES = 100
"""How many notices may wait to be shown."""
_NOTICES_AT_A_TIME = 4
"""So many slow chats do not yet hold up another chat's notice."""
_NOTICES = {
    IntakeResult.FULL: Notice.BUSY,
    IntakeResult.TOO_LONG: Notice.TOO_LONG,
    IntakeResult.NOTHING: Notice.NOTHING_TO_STOP,
    IntakeResult.WORDLESS: Notice.ONLY_TEXT,
    IntakeResult.FORBIDDEN: Notice.ADMINS_ONLY,
    IntakeResult.NOT_YOURS: Notice.NOT_YOUR_ANSWER,
}
_TAKEN = frozenset({IntakeResult.ACCEPTED, IntakeResult.QUEUED, IntakeResult.DUPLICATE})


class Offers(Protocol):
    """Says to people that a changed question can be asked again. Raises nothing but cancellation."""

    async def offer_retry(self, origin: Origin) -> None:
        """Make the offer."""
        ...

    async def close_offer(self, taken: Command) -> None:
        """Take the button off the offer that a press has taken."""
        ...


class Intake:
    """Stores questions and commands in the inbox, and does the rest at once.

    Args:
        inbox: Keeps questions and commands.
        say: Shows a notice under a message. Raises nothing but cancellation.
        admissions: Says who may ask.
        take_overs: Who may take a thread over.
        busy: What becomes of a question while another one is answered; by default it waits.
        offers: Offers to ask a changed question again.
        hour: Says how much a person may ask.
    """

    def __init__(
        self,
        inbox: Inbox,
        say: Callable[[Origin, Notice], Awaitable[None]],
        admissions: Admissions,
        offers: "Offers",
        hour: HourLimit,
        take_overs: MayTakeOver = MayTakeOver.CONTROL,
        tracer: Tracer | None = None,
        busy: Busy | None = None,
    ) -> None:
        self._busy = busy
        self._take_overs = take_overs
        self._tracer = tracer or NoTracer()
        self._inbox = inbox
        self._say = say
        self._admissions = admissions
        self._offers = offers
        self._hour = hour
        self._notices = BackgroundQueue(_MOST_WAITING_NOTICES, runners=_NOTICES_AT_A_TIME)

    async def accept(self, incoming: Incoming) -> IntakeResult:
        """Store what queues, and do the rest. Raises `StoreUnavailable`: then it must not be acknowledged."""
        if isinstance(incoming, Command) and incoming.name in TAKE_OVER:
            allowed = self._take_overs.allowed(incoming)
            if allowed is None:
                return IntakeResult.OFF
            incoming = allowed
        refusal = self._admissions.refusal(incoming)
        became = await self._take(incoming) if refusal is None else self._refuse(incoming, refusal)
        log.debug(
            "%s %s",
            type(incoming).__name__,
            became.value,
            extra={"thread_key": str(incoming.thread), "question": incoming.id, "content": _words_of(incoming)},
        )
        notice = _notice_of(incoming, became)
        if notice is not None and not _is_press(incoming):
            self._notices.add(partial(self._say, incoming.origin, notice))
        if became is IntakeResult.OFFERED:
            self._notices.add(partial(self._offers.offer_retry, incoming.origin))
        if isinstance(incoming, Command) and incoming.offer_id and became in _TAKEN:
            self._notices.add(partial(self._offers.close_offer, incoming))
        return became

    async def _take(self, incoming: Incoming) -> IntakeResult:
        match incoming:
            case Question() | Command():
                became = await self._append(incoming)
            case Stop():
                became = await self._inbox.stop(incoming)
            case Remark():
                became = await self._inbox.overhear(incoming)
            case Rating():
                became = await self._inbox.rate(incoming)
            case Edit() | Withdrawal():
                became = await self._inbox.amend(incoming)
            case Wordless():
                became = await self._inbox.note_wordless(incoming.thread)
            case Forbidden():
                became = IntakeResult.FORBIDDEN
            case Joined():
                became = IntakeResult.WELCOME
            case _:
                assert_never(incoming)
        return became

    async def _append(self, queued: Queued) -> IntakeResult:
        with self._tracer.intake(queued.id) as span:
            interrupts = self._busy is not None and self._busy.interrupts(queued)
            became = await self._inbox.append(queued, self._hour.most(queued), interrupts=interrupts)
            span.set({"became": became.value})
        if became is IntakeResult.QUEUED and self._busy is not None and not _is_press(queued):
            self._notices.add(partial(self._busy.say_place, queued))
        if became is IntakeResult.OVER:
            self._notices.add(partial(self._hour.tell, queued))
        return became

    def _refuse(self, incoming: Incoming, refusal: Refusal) -> IntakeResult:
        """Store nothing. A person who addressed the bot gets a notice, unless the channel itself answers."""
        if not incoming.origin.addressed:
            return IntakeResult.NOT_ADDRESSED
        if not _is_press(incoming) and isinstance(incoming, Question | Command | Wordless):
            self._notices.add(partial(self._admissions.tell, incoming.origin, refusal))
        return IntakeResult.REFUSED

    async def tell_notices(self) -> None:
        """Show the notices about what waits or was refused, until cancelled."""
        await self._notices.run()


def _notice_of(incoming: Incoming, became: IntakeResult) -> Notice | None:
    if isinstance(incoming, Command) and incoming.name in TAKE_OVER:
        if became is IntakeResult.ALREADY:
            is_human = incoming.name is CommandName.HUMAN
            return Notice.PERSON_ANSWERS if is_human else Notice.AGENT_ANSWERS_ALREADY
        if became is IntakeResult.NOT_YOURS:
            return Notice.NOT_YOURS_TO_TAKE
    return _NOTICES.get(became)


def _words_of(incoming: Incoming) -> str:
    return incoming.text if isinstance(incoming, Question | Edit | Remark) else ""


def _is_press(incoming: Incoming) -> bool:
    """Return True for a press: the channel itself answers it."""
    return isinstance(incoming, Command | Stop | Rating) and bool(incoming.about)
