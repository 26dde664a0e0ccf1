"""The event loop of a worker: uvloop where it is installed, which costs less CPU, else Python's own."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make one."""
    try:
        import uvloop  # noqa: PLC0415 - it need not be there
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
