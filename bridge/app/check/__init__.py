"""`talkifai-bridge check`, and what the start looks at: each setting tried at the service it is for."""
