"""What is not known of the live service. Each may be set the other way, so that tests try both."""

from dataclasses import dataclass


@dataclass(slots=True)
class Assumptions:
    """How this Telegram behaves where neither the documentation nor the server's source tells."""

    typing_counts: bool = False
    """Whether "typing" comes out of the chat's budget of messages (hermes-agent#107612), or has its own."""
    drafts_count: bool = True
    """Whether drafts come out of that budget, or have their own (opencrabs#1211)."""
    counts_utf16: bool = False
    """Whether a message's length is counted in UTF-16 units, or in code points (server source)."""
    has_rich_messages: bool = True
    """Whether the server is new enough for `sendRichMessage` (Bot API 10.1)."""
    repeats_presses: bool = False
    """Whether a press comes twice, under another update id, as after a lost answer to a webhook."""
