"""The terminal as a channel."""

from adapters.terminal.channel import TerminalChannel

__all__ = ["TerminalChannel"]
