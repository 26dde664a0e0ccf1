"""Servers of a test's own, with options that the shared one has not: replicas, cluster mode, a bound."""

import asyncio
import contextlib
import random
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.redis_store.embedded.binary import find_server

_PORTS = (12_000, 22_000)
"""The nodes of a cluster talk to each other 10,000 ports higher: both below those that the system hands out."""


def free_port() -> int:
    while True:
        port = random.randint(*_PORTS)  # noqa: S311 - any free one
        with socket.socket() as probe, socket.socket() as for_nodes, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            for_nodes.bind(("127.0.0.1", port + 10_000))
            return port


@contextlib.asynccontextmanager
async def own_redis(*options: str) -> AsyncIterator[str]:
    """Run a server; yields its address. Nothing of it is kept."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        command = [
            str(find_server()),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            folder,
            *options,
        ]
        process = await asyncio.to_thread(
            subprocess.Popen, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(folder)
        )
        try:
            await _until_it_answers(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait()


async def _until_it_answers(port: int) -> None:
    client = Redis(port=port)
    async with asyncio.timeout(10):
        while True:
            try:
                await client.execute_command("PING")  # type: ignore[no-untyped-call]  # the library left it bare
                break
            except RedisError:
                await asyncio.sleep(0.02)
    await client.aclose()


async def run_on(url: str, *parts: str | int) -> object:
    """Run one command on a connection of its own."""
    client = Redis.from_url(url)
    try:
        return await client.execute_command(*parts)  # type: ignore[no-untyped-call]  # the library left it bare
    finally:
        await client.aclose()
