"""Sessions are opened, counted and ended. Not how a question is answered."""
