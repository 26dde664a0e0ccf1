"""A stand-in for TalkifAI."""
