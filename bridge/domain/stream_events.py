"""What the agent's stream says, as a closed union: consumed with `match` and `assert_never`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The agent is at work."""

    agent_name: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The answer goes on with `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The agent called a tool."""

    name: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """The tool answered the agent."""

    name: str


@dataclass(frozen=True, slots=True)
class HandedOff:
    """Another agent took over."""

    to_agent: str
    from_agent: str = ""


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The answer is whole."""

    usage: Mapping[str, int] = field(default_factory=dict)
    """Token counts under the names TalkifAI uses."""
    end_session: bool = False
    """True: the agent closed the chat, so the session is to be ended."""


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The agent gave up; what came before stands."""

    reason: str
    """For the operator's log. Never shown to people."""


StreamEvent = StreamStarted | TextDelta | ToolStarted | ToolFinished | HandedOff | StreamEnded | StreamFailed
"""`StreamEnded` and `StreamFailed` end a stream; nothing follows them."""
