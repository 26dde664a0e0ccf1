"""The workspace, or the Enterprise Grid organisation, that a bot token belongs to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BotIdentity:
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
    is_organisation: bool = False
    """Whether the token is for all workspaces of the organisation in which the app is installed."""

    @property
    def account(self) -> str:
        """Name whose the token is, as threads and budgets have it."""
        return self.enterprise_id if self.is_organisation else self.team_id
