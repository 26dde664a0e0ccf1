"""The proxy keeps its word: what is cut is cut, however young the connection."""

import asyncio
import socket

import pytest

from tests.fault.proxy import Proxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize("rounds", range(9))
async def test_a_connection_that_is_being_taken_is_cut_with_the_others(rounds: int) -> None:
    """At each of the loop's rounds between the connection and its first bytes."""
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Proxy.to(f"redis://127.0.0.1:{port}/0") as network:
            with socket.create_connection(("127.0.0.1", network.port)) as client:
                client.settimeout(0)
                for _ in range(rounds):
                    await asyncio.sleep(0)
                await network.cut()
                try:
                    client.send(b"after the cut")
                    async with asyncio.timeout(5.0):
                        assert await asyncio.get_running_loop().sock_recv(client, 100) == b""
                except ConnectionError:
                    pass
