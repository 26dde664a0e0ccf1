"""What one setting may hold: the base of a section, and the kinds of values that pydantic has no type for. Pure."""
