"""The Bot API: client and errors. Not what is said with it."""
