"""Markdown becomes Telegram text and entities. Pure: no calls."""
