"""The connection, how commands reach Redis, and the check of the server's set-up. No key names."""
