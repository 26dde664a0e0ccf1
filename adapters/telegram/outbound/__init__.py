"""What the bot shows: messages, drafts, reactions, callback answers, the command menu."""
