"""Slack: Socket Mode in, posts and edits out."""

CHANNEL = "slack"
"""The channel's name in every `ThreadKey`."""
