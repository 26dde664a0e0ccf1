"""Redis: the only state. Everything here works on Redis 6.2 or newer, and on Valkey.

`connect` and `check_server` make the connection, `RedisStores` keeps everything behind it, and
`start_embedded` brings a server along where none is configured.
"""

from adapters.redis_store.client.connection import connect
from adapters.redis_store.client.server_check import check_server
from adapters.redis_store.embedded.server import EmbeddedServer, start_embedded
from adapters.redis_store.schema.store_limits import StoreLimits
from adapters.redis_store.stores import RedisStores

__all__ = ["EmbeddedServer", "RedisStores", "StoreLimits", "check_server", "connect", "start_embedded"]
