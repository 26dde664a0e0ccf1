"""One question is answered: session, sending, recovery, commands, and ending sessions. Not how a reply is shown."""
