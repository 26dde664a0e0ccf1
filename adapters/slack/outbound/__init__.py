"""What the bot shows: posts, edits, streams, thread status, and looking up lost posts."""
