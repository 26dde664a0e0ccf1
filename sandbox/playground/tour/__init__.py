"""A story of one minute that plays by itself, and the pictures that are taken of it."""
