"""Who asks, whether they may, and what the agent reads of them and their thread."""
