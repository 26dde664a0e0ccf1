"""Settings: a module for each section, their loader, and logging."""
