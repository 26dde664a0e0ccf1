"""`/talkifai new|end|stop|status|help`: kept durably where something is to be done, and answered to the person alone.

Slack offers slash commands outside threads only, so `end`, `stop` and `status` are about the conversations that the
person began: the first two about those in the place where they are typed, `status` about all.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import time

from adapters.slack.api.identity import BotIdentity
from adapters.slack.options import SlackOptions
from bridge.domain.incoming import ANY_TURN, Command, CommandName, IntakeResult, Origin, Stop
from bridge.domain.notices import TALKIFAI_COMMAND, Notice, and_more, ended_here, help_text
from bridge.domain.sessions import Session
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.ports.channel import Accept

SessionsOf = Callable[[str], Awaitable[Sequence[Session]]]
"""Returns the open sessions that a person of this workspace began. Raises `StoreUnavailable`."""

_ID = re.compile(r"[!-~]{1,200}")
_MOST_LISTED = 20


class SlashCommands:
    """Obeys slash commands."""

    def __init__(self, accept: Accept, sessions_of: SessionsOf, workspace: BotIdentity, options: SlackOptions) -> None:
        self._accept = accept
        self._sessions_of = sessions_of
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
        match words.strip().casefold() if isinstance(words, str) else "":
            case "status":
                return self._listed(await self._sessions_of(str(user)))
            case "end":
                return await self._end(str(user), str(place), str(trigger))
            case "stop":
                return await self._stop(str(user), str(place), str(trigger))
            case "new":
                return await self._new(str(user), str(place), str(trigger))
            case _:
                return help_text(TALKIFAI_COMMAND)

    async def _end(self, user: str, place: str, trigger: str) -> str:
        here = [session for session in await self._sessions_of(user) if session.thread.place == place]
        for number, session in enumerate(here):
            origin = origin_of(session.thread, user, f"{trigger}:{number}")
            await self._accept(Command(origin, CommandName.END))
        return ended_here(len(here)) if here else Notice.NONE_OF_YOURS_HERE

    async def _stop(self, user: str, place: str, trigger: str) -> str:
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
        return Notice.STOPPED if IntakeResult.STOPPED in became else Notice.NOTHING_TO_STOP

    async def _new(self, user: str, place: str, trigger: str) -> str:
        if not place.startswith("D") or self._options.threads_in_dms:
            return Notice.NEW_BY_MENTION
        thread = ThreadKey("slack", self._workspace.account, place)
        became = await self._accept(Command(origin_of(thread, user, trigger), CommandName.NEW))
        return Notice.NOT_ALLOWED if became is IntakeResult.REFUSED else Notice.NEW_BEGINS

    def _listed(self, sessions: Sequence[Session]) -> str:
        if not sessions:
            return Notice.NONE_OF_YOURS
        lines = [f"• {link_to(session.thread, self._workspace)}" for session in sessions[:_MOST_LISTED]]
        more = len(sessions) - _MOST_LISTED
        return "\n".join([f"{Notice.YOUR_CONVERSATIONS}:", *lines, *([and_more(more)] if more > 0 else [])])


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
        metadata={"source": "slack", "team": thread.account, "channel": thread.place, "thread": thread.thread},
    )


def link_to(thread: ThreadKey, workspace: BotIdentity) -> str:
    """Name a thread in Slack's own markup, as a link where there is one."""
    where = "direct message" if thread.place.startswith("D") else f"<#{thread.place}>"
    if not thread.thread or not workspace.url:
        return where
    link = f"{workspace.url.rstrip('/')}/archives/{thread.place}/p{thread.thread.replace('.', '')}"
    return f"{where}: <{link}|thread>"


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
