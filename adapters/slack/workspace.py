"""The workspace that a bot token belongs to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workspace:
    """What `auth.test` says about a bot token."""

    team_id: str
    bot_user_id: str
    """The user that people mention: `<@bot_user_id>`."""
    bot_id: str = ""
    url: str = ""
    """With a slash at its end: `https://acme.slack.com/`."""
    name: str = ""
    enterprise_id: str = ""
    """The Enterprise Grid organisation that the workspace is in; empty for most."""
