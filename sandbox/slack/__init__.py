"""A stand-in for Slack: Web API, Socket Mode, and people who write."""

from sandbox.slack.server import SlackCall, SlackStandIn

__all__ = ["SlackCall", "SlackStandIn"]
