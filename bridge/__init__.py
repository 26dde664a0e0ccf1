"""The core: questions come in, are answered live, and every session is closed. Knows no vendor."""

__version__ = "0.1.0"
