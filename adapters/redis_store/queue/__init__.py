"""Where questions wait and who works on them, and what a worker remembers for a Redis that forgets."""
