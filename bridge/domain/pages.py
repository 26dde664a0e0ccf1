"""The pages of a reply as they should look, and the buttons below them."""

from dataclasses import dataclass, field
from enum import StrEnum


class Button(StrEnum):
    """Something that a channel can show below a reply's last page, for people to press."""

    STOP = "stop"
    """While the answer is being written."""
    RETRY = "retry"
    """Under an answer that did not come out whole."""
    AGAIN = "again"
    """Under the offer to ask a changed question: as `RETRY`, and gone once it was pressed."""
    NEW = "new"
    END = "end"
    HUMAN = "human"
    """A person takes the thread over."""
    GOOD = "good"
    """The answer helped."""
    BAD = "bad"


class Streaming(StrEnum):
    """How a channel shows the page that still grows. A page that is final is always one message."""

    EDIT = "edit"
    """The message is edited as the text arrives."""
    STATUS = "status"
    """Only a status line shows; each page is shown once, whole."""
    NATIVE = "native"
    """The service's own way of streaming where it has one, else as `EDIT`."""


@dataclass(frozen=True, slots=True)
class PageView:
    """One channel message of a reply, as it should look now."""

    text: str = ""
    """The agent's Markdown on this page, with an open code fence closed."""
    status: str = ""
    """What the agent is doing right now; empty in a final view."""
    notice: str = ""
    """A fixed sentence of the bridge below the text."""
    number: int = 1
    """The page's place in the reply, from 1. Only page 1 may notify people."""
    final: bool = False
    """True when this page will never change again."""
    turn_id: str = ""
    """The question this page answers: lets a channel mark its message with it."""
    controls: tuple[Button, ...] = ()
    """What can be pressed below it."""
    language: str = field(default="", compare=False)
    """In which language its buttons are labelled; empty: that of the setting."""
    is_thinking: bool = field(default=False, compare=False)
    """True where the status says no more than that the agent thinks."""
    streaming: Streaming | None = None
    """How the page is shown while it grows; None: as the channel's setting says."""
    source: str = field(default="", compare=False)
    """`text` without what only closes a half-written end: for services that can append and not rewrite."""
    aside: str = ""
    """A line below all that, in the channel's smallest form. A page of nothing else is no part of what is said."""
