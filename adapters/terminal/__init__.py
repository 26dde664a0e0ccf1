"""The terminal as a channel."""

from adapters.terminal.adapter import TerminalChannel

__all__ = ["TerminalChannel"]
