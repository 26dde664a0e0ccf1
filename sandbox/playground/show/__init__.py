"""What the page shows: read from the stand-ins, sent as changes."""
