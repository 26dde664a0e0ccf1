"""What the core asks of the outside, as small protocols. No behaviour."""
