"""How many connections the web server takes: the process needs file descriptors for more than strangers."""

import resource

MOST_CONNECTIONS = 400
"""More than Slack, Telegram, a proxy and a health check ever hold; few enough for a small machine's memory."""
RESERVED = 200
"""For Redis, the sockets and calls of Slack and Telegram, the answers of TalkifAI that stream, and files."""
_FEWEST = 16


def most_connections() -> int:
    """Return how many connections may be open at once. They get at most half of what is left beside the reserve."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(_FEWEST, min(MOST_CONNECTIONS, limit - RESERVED, limit // 2))
