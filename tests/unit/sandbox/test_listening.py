"""A stand-in's web server stops without a connection left over."""

import asyncio
import gc
import socket
import warnings

import pytest
from aiohttp import web

from sandbox.listening import Listening


@pytest.mark.parametrize("rounds", range(4))
async def test_a_connection_that_is_being_taken_at_the_stop_is_closed(rounds: int) -> None:
    listening = Listening(web.Application(), shutdown_s=0.1)
    await listening.start()
    with socket.create_connection(("127.0.0.1", listening.port)):
        for _ in range(rounds):
            await asyncio.sleep(0)
        await listening.stop()
        with warnings.catch_warnings(record=True) as leaks:
            warnings.simplefilter("always")
            gc.collect()
        assert [str(leak.message) for leak in leaks if leak.category is ResourceWarning] == []
    await listening.stop()
