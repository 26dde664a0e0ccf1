"""Buttons, slash commands, App Home, agent view and reactions: Slack's own surfaces beside messages."""
