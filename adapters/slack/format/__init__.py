"""Text between Slack's formats and ours. Pure: no calls."""
