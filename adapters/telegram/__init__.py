"""Telegram: long polling in, messages and edits out."""
