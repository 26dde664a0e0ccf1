"""`python -m bench.carry_over`: what carry-over adds to a conversation's first question, and holds in Redis."""

import asyncio
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from adapters.redis_store import RedisStores, connect, start_embedded
from bridge.domain.exchanges import Exchange
from bridge.domain.prompts.carried_words import with_carried
from bridge.domain.threads import Person, ThreadKey

_TURNS, _MOST = 6, 10_000
_CASES = {
    "short (60 and 300 characters)": (60, 300),
    "usual (150 and 900)": (150, 900),
    "long (1,500 and 2,500)": (1500, 2500),
}
_ASKED = "And what does it cost?"


def _exchanges(question: int, answer: int) -> list[Exchange]:
    words = "Some words of it. " * 200
    ada = Person("U0123ABCD", "Ada")
    return [Exchange(words[:question], words[:answer], ada, 1.0 + number, f"c{number}") for number in range(_TURNS)]


async def _redis_bytes(keys: tuple[str, ...], exchanges: list[Exchange], folder: Path) -> int:
    server = await asyncio.to_thread(start_embedded, folder)
    redis = connect(server.url)
    stores = RedisStores(redis, secret_keys=keys)
    try:
        await stores.open()
        thread, now = ThreadKey("slack", "T1", "C1", "1.1"), await redis.time()
        said = [Exchange(e.question, e.answer, e.person, now[0] + e.at, e.conversation_id) for e in exchanges]
        await stores.exchanges.add(thread, said)
        return int(await redis.memory_usage(stores.keys.exchanges(thread)) or 0)
    finally:
        await stores.aclose()
        await asyncio.to_thread(server.stop)


async def measure() -> None:
    """Print a table."""
    print(f"| {_TURNS} exchanges of question and answer | characters added | Redis, bytes a thread | encrypted |")
    print("| --- | ---: | ---: | ---: |")
    for name, (question, answer) in _CASES.items():
        exchanges = _exchanges(question, answer)
        added = len(with_carried(_ASKED, exchanges, _MOST, named=False)) - len(_ASKED)
        sizes = []
        for keys in ((), (Fernet.generate_key().decode(),)):
            with tempfile.TemporaryDirectory(prefix="tb-carry-") as folder:
                sizes.append(await _redis_bytes(keys, exchanges, Path(folder)))
        print(f"| {name} | {added:,} | {sizes[0]:,} | {sizes[1]:,} |")


if __name__ == "__main__":
    asyncio.run(measure())
