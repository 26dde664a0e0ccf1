"""Posts one line in a thread whose session fell idle, if the operator wants it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from bridge.conversation.sessions.session_manager import SessionManager
from bridge.domain.errors import StoreUnavailable
from bridge.domain.notices import Notice
from bridge.domain.sessions import Ending, IdleLine
from bridge.domain.threads import Address, ThreadKey
from bridge.runtime.background_queue import BackgroundQueue
from bridge.texts.catalog import texts_in

SayAside = Callable[[ThreadKey, Address, str], Awaitable[None]]

_MOST_WAITING = 1000
_RUNNERS = 4
_MOST_ATTEMPTS = 3
"""An end that took more tries comes late. People talk about something else by then, and the line would disturb."""


class IdleLines:
    """Posts a line for each end that this worker confirmed, once and best effort, beside all other work."""

    def __init__(self, sessions: SessionManager, say_aside: SayAside) -> None:
        self._sessions = sessions
        self._say_aside = say_aside
        self._unsaid = BackgroundQueue(_MOST_WAITING, runners=_RUNNERS)

    def add(self, ending: Ending) -> None:
        """Queue the line of a session that fell idle, if it has one. Does not wait."""
        line, thread = ending.session.idle_line, ending.session.thread
        if line is not None and ending.attempts <= _MOST_ATTEMPTS:
            self._unsaid.add(partial(self._say, thread, line))

    async def run(self) -> None:
        """Post what is queued until cancelled."""
        await self._unsaid.run()

    async def _say(self, thread: ThreadKey, line: IdleLine) -> None:
        with suppress(StoreUnavailable):
            # By now the thread may have gone on, or a person may have it.
            if await self._sessions.current(thread) is None and await self._sessions.taken_over(thread) is None:
                await self._say_aside(thread, line.address, texts_in(line.language)(Notice.FELL_IDLE))
