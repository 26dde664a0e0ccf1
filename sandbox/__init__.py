"""Local stand-ins for TalkifAI, Slack and Telegram over real HTTP and WebSocket, and the demo."""
