"""How many commands the bridge sends to Redis: at rest, and for one reply of 2,000 characters in ten seconds.

`python -m bench.redis_commands`. A real worker, a real server under MONITOR, and stand-ins for everything else. What a
script does inside counts as part of its one command.
"""

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from adapters.redis_store.client.scripts import all_scripts
from sandbox.talkifai.script import Answer, Say
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, talk_on

IDLE_S = 30.0
CHARACTERS, CHUNK, REPLY_S = 2000, 20, 10.0
MOST_IDLE_PER_S, MOST_PER_REPLY = 1.0, 35
_LINE = re.compile(rb'\] "([^"]+)"(?: "([^"]*)")?')
_NAMES = {script.sha: name for name, script in all_scripts().items()}


@asynccontextmanager
async def monitored(url: str) -> AsyncIterator[Counter[str]]:
    """Count the commands of clients meanwhile, by name; a script has its own."""
    reader, writer = await asyncio.open_unix_connection(unquote(urlsplit(url).path))
    writer.write(b"MONITOR\r\n")
    await reader.readline()
    counted: Counter[str] = Counter()

    async def read() -> None:
        async for line in reader:
            found = _LINE.search(line)
            if found and b" lua]" not in line:
                name, first = found[1].decode().upper(), (found[2] or b"").decode()
                counted[_NAMES.get(first, name) if name == "EVALSHA" else name] += 1

    reading = asyncio.ensure_future(read())
    try:
        yield counted
    finally:
        reading.cancel()
        writer.close()


def tell(what: str, counted: Counter[str], seconds: float) -> None:
    """Print one measurement."""
    total = sum(counted.values())
    parts = ", ".join(f"{name} {count}" for name, count in counted.most_common())
    print(f"{what}: {total} commands, {total / seconds:.2f} a second\n  {parts}")


async def main() -> int:
    """Measure; the exit code is 1 where a bound is exceeded."""
    is_over = False
    async with Cluster(pace=1.0) as cluster:
        pause_s = REPLY_S / (CHARACTERS / CHUNK)
        words = ("All of this is said in words of some length. " * 50)[:CHARACTERS]
        cluster.answers["tell me"] = Answer((Say(words, chunk=CHUNK, pause_s=pause_s),))
        await cluster.start_worker()
        await asyncio.sleep(5.0)  # what a start does is over
        async with monitored(cluster.redis_url) as counted:
            await asyncio.sleep(IDLE_S)
            tell("idle, one worker, Slack and Telegram", counted, IDLE_S)
            is_over |= sum(counted.values()) > MOST_IDLE_PER_S * IDLE_S
        for name in TALKS:
            talk = talk_on(cluster.stage, name)
            began = time.monotonic()
            async with monitored(cluster.redis_url) as counted:
                await talk.ask("tell me")
                await talk.until_texts(words.strip())
                await asyncio.sleep(1.0)
                tell(f"{name}, {CHARACTERS} characters", counted, time.monotonic() - began)
                is_over |= sum(counted.values()) > MOST_PER_REPLY
    return int(is_over)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
