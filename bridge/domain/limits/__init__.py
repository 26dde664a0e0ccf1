"""What may be used and for how long it is kept, as values."""
