"""One process that takes questions in, claims threads under a lease and keeps them. Not how a question is answered."""
