"""Where the app is installed: one token from the settings, or many workspaces that installed it."""
