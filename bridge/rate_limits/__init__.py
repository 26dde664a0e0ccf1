"""When a call to a channel or to TalkifAI may be made. Not what it shows."""
