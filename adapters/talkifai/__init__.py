"""TalkifAI: its four calls and the stream."""
