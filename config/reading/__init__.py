"""Where settings are read from, and what is said when one is wrong. Knows no setting by name."""
