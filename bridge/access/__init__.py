"""Who may ask, what it may cost, and which agent answers where: decided from values, without input or output."""
