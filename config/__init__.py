"""Values: settings, platform limits with their source, log set-up, the Slack manifest."""
