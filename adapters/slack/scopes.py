"""What the app asks a workspace for, as in the manifests: `config/slack-manifest*.yaml` give the reasons."""

BOT_SCOPES = (
    *("app_mentions:read", "chat:write", "im:history", "channels:history", "groups:history", "mpim:history"),
    *("commands", "reactions:write", "channels:read", "groups:read", "users:read", "users:read.email"),
    *("files:write", "files:read"),
)
AGENT_VIEW_SCOPES = ("assistant:write",)
"""Further ones, for Slack's view for agents."""
