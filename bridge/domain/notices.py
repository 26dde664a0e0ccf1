"""The fixed sentences that the bridge itself says. Nothing internal ever stands in one."""

import re
from collections.abc import Iterable
from enum import StrEnum

_SIGNS = re.compile(r"[_\-@#/:<>&|]+")
"""Signs that join words in a tool's name, and signs that mean something to a channel."""
_TOOLS_LINE = 100
_WRITING_STEP = 500


class Notice(StrEnum):
    """What a person may read from the bridge besides the agent's text."""

    INTERRUPTED = "The answer was interrupted. Please ask again."
    FAILED = "Something went wrong with this answer. Please try again."
    UNSURE = "The connection broke while the answer was sent. If it does not stand above, please ask again."
    UNAVAILABLE = "The assistant cannot answer at the moment. Please try again later."
    EMPTY = "The assistant had nothing to say to this."
    SHORTENED = "The answer was too long and was shortened here."
    TOO_LONG = "Your message is too long: at most 10,000 characters, please."
    ONLY_TEXT = "I can read text only. Please write your question."
    FILES_UNREAD = "I can read text only: what was attached to your message was not read."
    NOT_ADMITTED = "Sorry, I may talk with members of this workspace only."
    QUEUED = "Your questions are queued and will be answered one after the other."
    BUSY = "There are too many unanswered messages here. Please wait for the answers, then ask again."
    TEXT_ONLY = "Only text can be read here. Please write your question in words."
    ADMINS_ONLY = "Only the administrators of this group may do that."
    STOPPED = "Stopped."
    NOTHING_TO_STOP = "There is no answer to stop at the moment."
    NOTHING_TO_RETRY = "There is no question here to try again."
    ENDED = "This conversation has ended. Just write again to start a new one."
    NOTHING_OPEN = "There is no open conversation here. Just write to start one."
    NEW_STARTED = "A new conversation has started. What would you like to know?"
    NOT_YOURS = "Only the person who began this conversation may end it."
    NOT_YOUR_ANSWER = "Only the person who asked may stop this answer."
    WELCOME = "Hello! Write your question here and the assistant answers."
    HELP = (
        "Write your question and the assistant answers here.\n"
        "stop: stop the answer. retry: ask the last question again.\n"
        "new: start a new conversation. end: end this one. status: is one open? help: show this text."
    )


class Status(StrEnum):
    """What the status line of a reply says while nothing more exact is known."""

    THINKING = "Thinking…"
    WAITING = "Waiting for a free place…"
    """TalkifAI's limit is used up for the moment."""
    WRITING = "Writing…"


def tool_status(tool_name: str) -> str:
    """Say which tool is at work, with a readable name: `web_search` becomes `web search`."""
    readable = readable_tool(tool_name)
    return f"Looking that up: {readable}…" if readable else "Looking that up…"


def handoff_status(agent_name: str) -> str:
    """Say which agent took over."""
    return f"Now with {' '.join(agent_name.split())[:60]}"


def writing_status(characters: int) -> str:
    """Say how much is written, in steps, so that the line need not change all the time."""
    steps = characters // _WRITING_STEP * _WRITING_STEP
    return f"{Status.WRITING} ({steps:,} characters)" if steps else Status.WRITING


def conversation_status(turns: int, idle_timeout_s: float) -> str:
    """Say that a conversation is open, how far it has come, and when it ends by itself."""
    answers = "no answers yet" if not turns else "1 answer so far" if turns == 1 else f"{turns:,} answers so far"
    minutes = max(1, round(idle_timeout_s / 60))
    ends = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"A conversation is open here: {answers}. It ends after about {ends} without a message."


def tools_used(tool_names: Iterable[str]) -> str:
    """List the tools of a finished turn in one short line, each once; empty where there were none."""
    line = ""
    for name in dict.fromkeys(filter(None, map(readable_tool, tool_names))):
        longer = f"{line}, {name}" if line else f"Used: {name}"
        if len(longer) > _TOOLS_LINE:
            return f"{line}, …"
        line = longer
    return line


def readable_tool(tool_name: str) -> str:
    """Make a tool's name readable: words without the signs that programs put between them, 60 characters at most."""
    return " ".join(_SIGNS.sub(" ", tool_name).split())[:60].rstrip()
