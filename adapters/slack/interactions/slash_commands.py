"""`/talkifai new|end|stop|human|agent|status|help`: answered to the person alone, and kept durably where need be.

Slack offers slash commands outside threads only, so `end`, `stop` and `status` are about the conversations that the
person began: the first two about those in the place where they are typed, `status` about all.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import time

from adapters.slack import CHANNEL
from adapters.slack.api.identity import BotIdentity
from adapters.slack.options import SlackOptions
from adapters.slack.people.directory import People
from bridge.domain.incoming import ANY_TURN, TAKE_OVER, Command, CommandName, IntakeResult, Origin, Stop
from bridge.domain.notices import TALKIFAI_COMMAND, Notice, Phrase
from bridge.domain.sessions import Session
from bridge.domain.take_overs import TakeOver
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.ports.channel import Accept
from bridge.texts.catalog import Texts, texts_in
from bridge.texts.sentences import help_text

SessionsOf = Callable[[str], Awaitable[Sequence[Session]]]
"""Returns the open sessions that a person of this workspace began. Raises `StoreUnavailable`."""
TakenBy = Callable[[str], Awaitable[Sequence[TakeOver]]]
"""Returns the threads of this workspace that a person took over. Raises `StoreUnavailable`."""

_ID = re.compile(r"[!-~]{1,200}")
_MOST_LISTED = 20
_LANGUAGE_WITHIN_S = 1.0
_TOLD_OF_NEW = {IntakeResult.REFUSED: Notice.NOT_ALLOWED, IntakeResult.OVER: Notice.USED_UP_HOUR}


class SlashCommands:
    """Obeys slash commands."""

    def __init__(
        self,
        accept: Accept,
        sessions_of: SessionsOf,
        taken_by: TakenBy | None,
        people: People,
        workspace: BotIdentity,
        options: SlackOptions,
    ) -> None:
        self._accept = accept
        self._people = people
        self._sessions_of = sessions_of
        self._taken_by = taken_by
        self._workspace = workspace
        self._options = options

    async def obey(self, payload: Mapping[str, object]) -> str:
        """Do what a command asks for and return the answer; empty for a payload that Slack would not send.

        When it returns, what is to be done is durably kept. Raises `StoreUnavailable`.
        """
        user, place, trigger = (payload.get(name) for name in ("user_id", "channel_id", "trigger_id"))
        if not (_is_id(user) and _is_id(place) and _is_id(trigger)):
            return ""
        words = payload.get("text")
        texts = await self._texts_for(str(user))
        word = words.strip().casefold() if isinstance(words, str) else ""
        if word == "status":
            return self._listed(texts, await self._sessions_of(str(user)))
        obeyed = self._obeyed.get(word)
        if obeyed is None:
            is_off = self._taken_by is None
            return help_text(texts, TALKIFAI_COMMAND.without(TAKE_OVER) if is_off else TALKIFAI_COMMAND)
        return await obeyed(texts, str(user), str(place), str(trigger))

    @property
    def _obeyed(self) -> Mapping[str, Callable[[Texts, str, str, str], Awaitable[str]]]:
        """What is done for each word; with the person, the place, and what names the command."""
        obeyed = {"end": self._end, "stop": self._stop, "new": self._new}
        if self._taken_by is not None:
            obeyed |= {"human": self._take_over, "agent": partial(self._give_back, self._taken_by)}
        return obeyed

    async def _texts_for(self, user: str) -> Texts:
        """Return the texts in the person's language, where that is known in time: Slack waits 3 s for an answer."""
        try:
            async with asyncio.timeout(_LANGUAGE_WITHIN_S):
                return texts_in((await self._people.locale(user)).language)
        except TimeoutError:
            return texts_in("")

    async def _end(self, texts: Texts, user: str, place: str, trigger: str) -> str:
        threads = [session.thread for session in await self._sessions_of(user)]
        count = await self._command_in(place, threads, user, trigger, CommandName.END)
        return texts(Phrase.ENDED_HERE, count=count) if count else texts(Notice.NONE_OF_YOURS_HERE)

    async def _stop(self, texts: Texts, user: str, place: str, trigger: str) -> str:
        here = [session for session in await self._sessions_of(user) if session.thread.place == place]
        became = [
            await self._accept(
                Stop(
                    origin_of(session.thread, user, f"{trigger}:{number}"),
                    ANY_TURN,
                    owner_only=self._options.control == "asker",
                )
            )
            for number, session in enumerate(here)
        ]
        return texts(Notice.STOPPED if IntakeResult.STOPPED in became else Notice.NOTHING_TO_STOP)

    async def _take_over(self, texts: Texts, user: str, place: str, trigger: str) -> str:
        threads = [session.thread for session in await self._sessions_of(user)]
        count = await self._command_in(place, threads, user, trigger, CommandName.HUMAN)
        return texts(Notice.PERSON_COMES if count else Notice.NONE_OF_YOURS_HERE)

    async def _give_back(self, taken_by: TakenBy, texts: Texts, user: str, place: str, trigger: str) -> str:
        threads = [taken.thread for taken in await taken_by(user)]
        count = await self._command_in(place, threads, user, trigger, CommandName.AGENT)
        return texts(Notice.AGENT_ANSWERS if count else Notice.AGENT_ANSWERS_ALREADY)

    async def _command_in(
        self, place: str, threads: Sequence[ThreadKey], user: str, trigger: str, name: CommandName
    ) -> int:
        """Give a command in those of the threads that are in this place; return in how many."""
        here = [thread for thread in threads if thread.place == place]
        for number, thread in enumerate(here):
            await self._accept(Command(origin_of(thread, user, f"{trigger}:{number}"), name))
        return len(here)

    async def _new(self, texts: Texts, user: str, place: str, trigger: str) -> str:
        if not place.startswith("D") or self._options.threads_in_dms:
            return texts(Notice.NEW_BY_MENTION)
        thread = ThreadKey(CHANNEL, self._workspace.account, place)
        became = await self._accept(Command(origin_of(thread, user, trigger), CommandName.NEW))
        return texts(_TOLD_OF_NEW.get(became, Notice.NEW_BEGINS))

    def _listed(self, texts: Texts, sessions: Sequence[Session]) -> str:
        if not sessions:
            return texts(Notice.NONE_OF_YOURS)
        lines = [f"• {link_to(texts, session.thread, self._workspace)}" for session in sessions[:_MOST_LISTED]]
        more = len(sessions) - _MOST_LISTED
        return "\n".join(
            [
                f"{texts(Notice.YOUR_CONVERSATIONS)}:",
                *lines,
                *([texts(Phrase.AND_MORE, count=more)] if more > 0 else []),
            ]
        )


def origin_of(thread: ThreadKey, user: str, trigger: str) -> Origin:
    """Say where a person's slash command or click to a thread comes from; `trigger` is new for each of them."""
    name = f"slack:{thread.account}:{thread.place}:trigger:{trigger}"
    return Origin(
        id=name,
        dedupe_keys=(name,),
        thread=thread,
        address=Address(account=thread.account, place=thread.place, thread=thread.thread),
        person=Person(user),
        asked_at=time(),
        is_direct=thread.place.startswith("D"),
        metadata={"source": CHANNEL, "team": thread.account, "channel": thread.place, "thread": thread.thread},
    )


def link_to(texts: Texts, thread: ThreadKey, workspace: BotIdentity) -> str:
    """Name a thread in Slack's own markup, as a link where there is one."""
    where = texts(Phrase.DIRECT_MESSAGE) if thread.place.startswith("D") else f"<#{thread.place}>"
    if not thread.thread or not workspace.url:
        return where
    link = f"{workspace.url.rstrip('/')}/archives/{thread.place}/p{thread.thread.replace('.', '')}"
    return f"{where}: <{link}|{texts(Phrase.THREAD)}>"


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
