"""CPU of the TalkifAI client for each stream: many at once, the server in a process of its own, on loopback.

`python -m bench.stream [--streams 50] [--chunks 200] [--loop asyncio|uvloop] [--tls]
[--gather 0.06]`
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import ssl
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import trustme
from aiohttp import web

from adapters.talkifai.client import TalkifaiAgent
from adapters.talkifai.limits import TalkifaiLimits
from bridge.app.event_loop import new_event_loop
from bridge.domain.sessions import Conversation
from bridge.domain.stream_events import StreamEnded, TextDelta

_PAUSE_S = 0.02
_DELTA = "sixteen letters. "[:16]


def _serve(chunks: int, certificate: str, ready: Connection) -> None:
    frames = [f"event: chunk\ndata: {json.dumps({'delta': _DELTA})}\n\n".encode()] * chunks
    end = b'event: stream_end\ndata: {"usage": {"total_tokens": 9}, "end_session": false}\n\n'

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for frame in frames:
            await response.write(frame)
            await asyncio.sleep(_PAUSE_S)
        await response.write(end)
        return response

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/{any:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if context is not None:
            context.load_cert_chain(certificate)
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024, ssl_context=context).start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


async def _read(agent: TalkifaiAgent, number: int, chunks: int) -> None:
    length, ended = 0, False
    async with agent.ask(Conversation(f"c{number}", "token"), "hello") as events:
        async for event in events:
            length += len(event.text) if isinstance(event, TextDelta) else 0
            ended = ended or isinstance(event, StreamEnded)
    if not ended or length != chunks * len(_DELTA):
        raise RuntimeError(f"stream {number}: {length} characters")


@contextmanager
def _certificate(*, is_wanted: bool) -> Iterator[str]:
    """Make a certificate that new processes trust; yields the file of the server's."""
    if not is_wanted:
        yield ""
        return
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        own, trusted = Path(folder, "own.pem"), Path(folder, "trusted.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
        authority.cert_pem.write_to_path(str(trusted))
        os.environ["SSL_CERT_FILE"] = str(trusted)
        yield str(own)


async def _measure(base_url: str, streams: int, chunks: int, gather_s: float) -> float:
    limits = TalkifaiLimits(gather_s=gather_s)
    async with TalkifaiAgent(base_url=base_url, agent_id="a", api_key="k", limits=limits) as agent:
        await _read(agent, -1, chunks)  # what is loaded once is loaded now
        began = time.process_time()
        await asyncio.gather(*(_read(agent, number, chunks) for number in range(streams)))
        return (time.process_time() - began) / streams


def _measured(base_url: str, streams: int, chunks: int, gather_s: float, loop: str) -> float:
    """Measure in this process, which trusts what the environment named when it began."""
    with asyncio.Runner(loop_factory=None if loop == "asyncio" else new_event_loop) as runner:
        return runner.run(_measure(base_url, streams, chunks, gather_s))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    parser.add_argument("--streams", type=int, default=50, help="at once (default 50)")
    parser.add_argument("--chunks", type=int, default=200, help="of each stream (default 200)")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio", help="the event loop")
    parser.add_argument("--tls", action="store_true", help="encrypted, as TalkifAI's own are")
    parser.add_argument(
        "--gather", type=float, default=TalkifaiLimits().gather_s, help="how long chunks gather, in seconds"
    )
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    processes = multiprocessing.get_context("spawn")
    with _certificate(is_wanted=given.tls) as certificate, ProcessPoolExecutor(1, processes) as measuring:
        server = processes.Process(target=_serve, args=(given.chunks, certificate, there), daemon=True)
        server.start()
        try:
            base_url = f"{'https' if given.tls else 'http'}://127.0.0.1:{here.recv()}"
            taken_s = measuring.submit(
                _measured, base_url, given.streams, given.chunks, given.gather, given.loop
            ).result()
        finally:
            server.kill()
    print(f"{given.streams} streams of {given.chunks} chunks on {given.loop}: {taken_s * 1000:.1f} ms of CPU a stream")


if __name__ == "__main__":
    main()
