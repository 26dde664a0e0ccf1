"""The fixed sentences that the bridge itself says. Nothing internal ever stands in one."""

from enum import StrEnum


class Notice(StrEnum):
    """What a person may read from the bridge besides the agent's text."""

    INTERRUPTED = "The answer was interrupted. Please ask again."
    FAILED = "Something went wrong with this answer. Please try again."
    UNSURE = "The connection broke while the answer was sent. If it does not stand above, please ask again."
    UNAVAILABLE = "The assistant cannot answer at the moment. Please try again later."
    EMPTY = "The assistant had nothing to say to this."
    SHORTENED = "The answer was too long and was shortened here."
    TOO_LONG = "Your message is too long: at most 10,000 characters, please."
    QUEUED = "Your questions are queued and will be answered one after the other."
    BUSY = "There are too many unanswered messages here. Please wait for the answers, then ask again."
    ENDED = "This conversation has ended. Just write again to start a new one."
    NOTHING_OPEN = "There is no open conversation here. Just write to start one."
    NEW_STARTED = "A new conversation has started. What would you like to know?"
    WELCOME = "Hello! Write your question here and the assistant answers."
    HELP = (
        "Write your question and the assistant answers here.\n"
        "new: start a new conversation. end: end this one. help: show this text."
    )


def tool_status(tool_name: str) -> str:
    """Say which tool is at work, with a readable name: `web_search` becomes `web search`."""
    readable = " ".join(tool_name.replace("_", " ").replace("-", " ").split())[:60]
    return f"Looking that up: {readable}…" if readable else "Looking that up…"


def handoff_status(agent_name: str) -> str:
    """Say which agent took over."""
    return f"Now with {' '.join(agent_name.split())[:60]}"
