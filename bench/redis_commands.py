"""How many commands the bridge sends to Redis: at rest, and for one reply of 2,000 characters in ten seconds.

`python -m bench.redis_commands`. A real worker, a real server under MONITOR, and stand-ins for everything else. What a
script does inside counts as part of its one command; steps that travel together are one command too.
"""

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from adapters.redis_store.client.scripts import TOGETHER, all_scripts
from sandbox.talkifai.script import Answer, Say
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, Talk, talk_on

IDLE_S = 30.0
CHARACTERS, CHUNK, REPLY_S = 2000, 20, 10.0
MOST_IDLE_PER_S, MOST_PER_REPLY = 1.0, 35
WORDS = ("All of this is said in words of some length. " * 50)[:CHARACTERS]
_PARTS = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_NAMES = {script.sha: name for name, script in all_scripts().items()}


@asynccontextmanager
async def monitored(url: str) -> AsyncIterator[Counter[str]]:
    """Count the commands of clients meanwhile, by name; a script has its own, and steps together have all of theirs."""
    reader, writer = await asyncio.open_unix_connection(unquote(urlsplit(url).path), limit=2**24)
    writer.write(b"MONITOR\r\n")
    await reader.readline()
    counted: Counter[str] = Counter()

    async def read() -> None:
        async for line in reader:
            if b" lua]" not in line and (parts := [part.decode() for part in _PARTS.findall(line)]):
                counted[_name_of(parts)] += 1

    reading = asyncio.ensure_future(read())
    try:
        yield counted
    finally:
        reading.cancel()
        writer.close()


def _name_of(parts: list[str]) -> str:
    command = parts[0].upper()
    if command != "EVALSHA":
        return command
    name = _NAMES.get(parts[1], command)
    return "+".join(part for part in parts[2:] if part in _NAMES.values()) if name == TOGETHER else name


async def prepare(cluster: Cluster) -> None:
    """Start a worker that answers "tell me" slowly; return when all that a start does is over."""
    cluster.answers["tell me"] = Answer.of(Say(WORDS, chunk=CHUNK, pause_s=REPLY_S / (CHARACTERS / CHUNK)))
    await cluster.start_worker()
    # Each connection to Redis introduces itself once.
    for talk in [talk_on(cluster.stage, name) for name in TALKS for _ in range(2)]:
        await talk.ask("hello")
    await asyncio.sleep(5.0)


async def commands_of_a_reply(cluster: Cluster, talk: Talk) -> Counter[str]:
    """Count all commands from a question until a second after its whole answer, the worker's own in the background too.

    The question is a person's first: a session is opened for it.
    """
    async with monitored(cluster.redis_url) as counted:
        await talk.ask("tell me")
        await talk.until_texts(WORDS.strip())
        await asyncio.sleep(1.0)
    return counted


def tell(what: str, counted: Counter[str], seconds: float) -> None:
    """Print one measurement."""
    total = sum(counted.values())
    parts = ", ".join(f"{name} {count}" for name, count in counted.most_common())
    print(f"{what}: {total} commands, {total / seconds:.2f} a second\n  {parts}")


async def main() -> int:
    """Measure; the exit code is 1 where a bound is exceeded."""
    is_over = False
    async with Cluster(pace=1.0) as cluster:
        await prepare(cluster)
        async with monitored(cluster.redis_url) as counted:
            await asyncio.sleep(IDLE_S)
        tell("idle, one worker, Slack and Telegram", counted, IDLE_S)
        is_over |= sum(counted.values()) > MOST_IDLE_PER_S * IDLE_S
        for name in TALKS:
            began = time.monotonic()
            counted = await commands_of_a_reply(cluster, talk_on(cluster.stage, name))
            tell(f"{name}, {CHARACTERS} characters", counted, time.monotonic() - began)
            is_over |= sum(counted.values()) > MOST_PER_REPLY
    return int(is_over)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
