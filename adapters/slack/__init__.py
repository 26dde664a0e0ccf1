"""Slack: Socket Mode in, posts and edits out."""
