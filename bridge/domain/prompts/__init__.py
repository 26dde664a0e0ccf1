"""How words of several people, and what was said before, are written for the agent. Pure."""
