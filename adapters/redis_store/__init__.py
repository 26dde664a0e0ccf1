"""Redis: the only state."""
