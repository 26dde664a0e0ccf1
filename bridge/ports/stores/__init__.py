"""What the core asks of Redis, one protocol a store."""
