"""A real server started by the bridge where no `REDIS_URL` is set."""
