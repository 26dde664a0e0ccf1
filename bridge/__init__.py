"""The core: questions come in, are answered live, and every session is closed. Knows no vendor."""
