"""Key names, limits of what is kept, and how values are written. No commands."""
