"""Telegram: long polling in, messages and edits out."""

CHANNEL = "telegram"
"""The channel's name in every `ThreadKey`."""
