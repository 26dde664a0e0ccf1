"""`/talkifai new|end|stop|status|help`: kept durably where something is to be done, and answered to the person alone.

Slack offers slash commands outside threads only, so `end`, `stop` and `status` are about the conversations that the
person began: the first two about those in the place where they are typed, `status` about all.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from time import time

from adapters.slack.api.identity import BotIdentity
from adapters.slack.options import SlackOptions
from bridge.domain.incoming import IntakeResult, Question, QuestionKind
from bridge.domain.notices import Notice
from bridge.domain.sessions import Session
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import ANY_TURN
from bridge.ports.channel import Accept

SessionsOf = Callable[[str], Awaitable[Sequence[Session]]]
"""Returns the open sessions that a person of this workspace began. Raises `StoreUnavailable`."""

_ID = re.compile(r"[!-~]{1,200}")
_MOST_LISTED = 20
HELP = (
    "`/talkifai status`: the conversations that you have open. `/talkifai end`: end yours in this place. "
    "`/talkifai stop`: stop what is being answered in those that you began in this place. "
    "`/talkifai new`: start over, in a direct message. `/talkifai help`: this text.\n"
    "Within a thread mention me with one of the words: stop, retry, new, end, status, help."
)
NOTHING_OPEN = "You have no open conversation."
NOTHING_OPEN_HERE = "You have no open conversation in this place."
NEW_ELSEWHERE = "Each message that mentions me begins a conversation of its own here: just write one."
NEW_HERE = "A new conversation begins."


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
                return HELP

    async def _end(self, user: str, place: str, trigger: str) -> str:
        here = [session for session in await self._sessions_of(user) if session.thread.place == place]
        for number, session in enumerate(here):
            await self._accept(question_about(session.thread, user, QuestionKind.END, f"{trigger}:{number}"))
        if not here:
            return NOTHING_OPEN_HERE
        return "Your conversation here ends." if len(here) == 1 else f"Your {len(here)} conversations here end."

    async def _stop(self, user: str, place: str, trigger: str) -> str:
        here = [session for session in await self._sessions_of(user) if session.thread.place == place]
        became = [
            await self._accept(
                replace(
                    question_about(session.thread, user, QuestionKind.STOP, f"{trigger}:{number}"),
                    about=ANY_TURN,
                    owner_only=self._options.control == "asker",
                )
            )
            for number, session in enumerate(here)
        ]
        return Notice.STOPPED if IntakeResult.STOPPED in became else Notice.NOTHING_TO_STOP

    async def _new(self, user: str, place: str, trigger: str) -> str:
        if not place.startswith("D") or self._options.threads_in_dms:
            return NEW_ELSEWHERE
        thread = ThreadKey("slack", self._workspace.account, place)
        await self._accept(question_about(thread, user, QuestionKind.NEW, trigger))
        return NEW_HERE

    def _listed(self, sessions: Sequence[Session]) -> str:
        if not sessions:
            return NOTHING_OPEN
        lines = [f"• {link_to(session.thread, self._workspace)}" for session in sessions[:_MOST_LISTED]]
        more = len(sessions) - _MOST_LISTED
        return "\n".join(["You have these conversations open:", *lines, *([f"and {more} more"] if more > 0 else [])])


def question_about(thread: ThreadKey, user: str, kind: QuestionKind, trigger: str) -> Question:
    """Make a command to a thread out of a person's slash command or click; `trigger` is new for each of them."""
    name = f"slack:{thread.account}:{thread.place}:trigger:{trigger}"
    return Question(
        id=name,
        dedupe_keys=(name,),
        thread=thread,
        address=Address(account=thread.account, place=thread.place, thread=thread.thread),
        person=Person(user),
        text="",
        asked_at=time(),
        kind=kind,
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
