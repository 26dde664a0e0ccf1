"""Limits that all workers share: TalkifAI's, the channels', and those of persons and places."""
