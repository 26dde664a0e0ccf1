"""Whose memory the agent opens: TalkifAI remembers by the name under which a conversation is opened. Pure."""

from enum import StrEnum
from typing import assert_never

from bridge.domain.incoming import Queued


class Memory(StrEnum):
    """Where the agent may remember a person. In the operator's words."""

    DIRECT = "direct"
    """Where the person alone talks to it. A shared thread has a memory of its own."""
    EVERYWHERE = "everywhere"
    """In shared threads too: there everybody writes into the memory of the person who began."""
    OFF = "off"
    """Nowhere: each conversation begins from nothing."""


def identifier_in(memory: Memory, queued: Queued, personal: str) -> str:
    """Return the `user_identifier` under which a conversation for this question is opened; empty for none.

    Args:
        memory: What the operator allows.
        queued: What opens the conversation.
        personal: TalkifAI's name for the asker.
    """
    match memory:
        case Memory.EVERYWHERE:
            return personal
        case Memory.OFF:
            return ""
        case Memory.DIRECT:
            # A thread has four parts and a person's id has two or three: none can pass for another.
            return personal if queued.origin.is_direct else str(queued.thread)
        case _:
            assert_never(memory)
