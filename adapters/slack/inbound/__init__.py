"""Events come in, over sockets or HTTP, and are acknowledged once they are stored."""
