"""The stand-in for TalkifAI in a process of its own: what it costs is not counted, and holds up nothing here."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from bench.compare.words import answer_to, work_in
from sandbox.talkifai.script import Answer, Say, answer_by_words
from sandbox.talkifai.server import TalkifaiStandIn


def _respond(question: str) -> Answer:
    found = work_in(question)
    if found is None:
        return answer_by_words(question)
    number, work = found
    return Answer.of(Say(answer_to(number, work), chunk=work.chunk, pause_s=work.pause_ms / 1000))


def _serve(ready: Connection) -> None:
    async def run() -> None:
        standin = TalkifaiStandIn(pace=1.0)
        standin.respond_with(_respond)
        await standin.start()
        ready.send(standin.settings)
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def talkifai() -> Iterator[dict[str, str]]:
    """Run it; yields the settings that lead there."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()  # else a stand-in that dies would be waited for without end
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()
