"""Slack's Web API: clients, identity, errors, caches. Not what is said with it."""
