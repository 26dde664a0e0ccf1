"""How fresh the replies stay under the services' limits: the real writer and pacing on a clock that jumps.

`make bench-pacing`, or `make bench-pacing ARGS="--rounds 1"`. Two workers share their budgets in a real Redis, which
is told the virtual time. The service counts every call when it arrives and answers 429 beyond its limit. Beside the
bridge runs an editor that edits each second and obeys every 429, on the same answers; and for each crowd the least
staleness that any schedule could have is computed (`bench/pacing_bound.py`).
"""

import argparse
import asyncio
import logging
import random
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from adapters.redis_store import start_embedded
from adapters.redis_store.client.connection import connect
from adapters.redis_store.limits.channel_budgets import RedisCallBudgets
from bench.pacing_bound import least_staleness
from bench.pacing_world import CHUNK_S, Service, SlackWorkspace, Stream, StreamChannel, TelegramChats, TelegramGroup
from bridge.domain.errors import ChannelRateLimited
from bridge.domain.stream_events import TextDelta
from bridge.domain.threads import Address
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.call_times import FIRST_TEXT_CHARACTERS, FIRST_TEXT_WAIT_S
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.property.bridge_host import KEYS, Host, HostClock, HostCommands, Store
from tests.property.bridge_time import StoreLoop

CROWDS = (1, 5, 20, 100)
SERVICES: tuple[Callable[[Callable[[], float]], Service], ...] = (SlackWorkspace, TelegramGroup, TelegramChats)
_WORKERS = 2
_BETWEEN_ROUNDS_S = 120.0
_TICK_S = 3.0
_FIXED_S = 1.0
_NO_SUCH_SCHEDULE = 20.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one schedule did with one crowd."""

    refused: int
    first_text_p95_s: float
    final_median_s: float
    final_p95_s: float
    staleness: float
    calls_per_reply: float


class Silence:
    """A watcher that does nothing: none is needed here."""

    def saw(self, *_: object) -> None:
        """Do nothing."""


def crowd(size: int, chance: random.Random) -> list[Stream]:
    """Make answers that begin within a second of each other and stream for 4 to 30 s, 15 s on average."""
    streams = []
    for number in range(size):
        lasts_s, characters_per_s = chance.triangular(4, 30, 12), chance.uniform(30, 120)
        streams.append(Stream(number, chance.uniform(0, 1), lasts_s, round(lasts_s * characters_per_s)))
    return streams


async def _nothing(*_: object) -> None:
    return


async def show_by_bridge(stream: Stream, channel: StreamChannel, pacing: ChannelLimiter, clock: HostClock) -> None:
    """Let the real writer show one answer."""
    await asyncio.sleep(stream.begins_at - clock.monotonic())
    reply = Reply(f"q{stream.number}", channel.fits)
    address = Address("A", "P")
    writer = Writer(channel, address, reply, pacing=pacing, clock=clock, guard=_nothing, record=_nothing)
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.run())
        while reply.length < stream.characters:
            upto = round(stream.written(clock.monotonic()))
            if upto > reply.length:
                reply.apply(TextDelta("x" * (upto - reply.length)))
                writer.wake()
            await asyncio.sleep(max(0.0, min(CHUNK_S, stream.ends_at - clock.monotonic())))
        reply.end()
        writer.wake()


async def show_each_second(stream: Stream, channel: StreamChannel, clock: HostClock) -> None:
    """Edit each second, and wait out each 429: what a simple integration does."""
    first_s = min(FIRST_TEXT_WAIT_S, FIRST_TEXT_CHARACTERS * stream.lasts_s / stream.characters)
    await asyncio.sleep(stream.begins_at + first_s - clock.monotonic())
    shown = 0
    while shown < stream.characters:
        began = clock.monotonic()
        characters = round(stream.written(began))
        try:
            await channel.call(characters, is_post=not shown)
            shown = characters
        except ChannelRateLimited as error:
            await asyncio.sleep(error.retry_after_s)
            continue
        wait_s = began + _FIXED_S - clock.monotonic()
        if clock.monotonic() < stream.ends_at:
            wait_s = min(wait_s, stream.ends_at - clock.monotonic())
            await asyncio.sleep(max(0.0, wait_s))


Show = Callable[[Stream, StreamChannel], Coroutine[Any, Any, None]]


async def play(streams: Sequence[Stream], service: Service, show: Show) -> int:
    """Show all answers of a crowd; return how many calls were answered 429."""
    began = asyncio.get_running_loop().time()
    for stream in streams:
        stream.begins_at += began
    channels = [StreamChannel(service, stream) for stream in streams]
    async with asyncio.TaskGroup() as group:
        for stream, channel in zip(streams, channels, strict=True):
            group.create_task(show(stream, channel))
    return sum(channel.refused for channel in channels)


def row_of(streams: Sequence[Stream], refused: int) -> Row:
    """Sum up."""
    return Row(
        refused,
        _p95([stream.first_text_s for stream in streams]),
        median(stream.late_s for stream in streams),
        _p95([stream.late_s for stream in streams]),
        sum(stream.staleness for stream in streams) / len(streams),
        sum(stream.calls for stream in streams) / len(streams),
    )


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


async def bridge_row(store: Store, make: Callable[[Callable[[], float]], Service], size: int, rounds: int) -> Row:
    """Run some crowds one after the other through the real pacing of two workers."""
    await store.look("FLUSHALL")
    clock = HostClock(Host("clock"))
    service = make(clock.monotonic)
    workers = [
        ChannelLimiter(clock, RedisCallBudgets(HostCommands(store, Host(str(n))), KEYS)) for n in range(_WORKERS)
    ]

    async def tend() -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for pacing in workers:
                await pacing.tend()

    async def show(stream: Stream, channel: StreamChannel) -> None:
        await show_by_bridge(stream, channel, workers[stream.number % _WORKERS], clock)

    tending = asyncio.ensure_future(tend())
    shown, refused = await _rounds(service, show, size, rounds)
    tending.cancel()
    return row_of(shown, refused)


async def fixed_row(make: Callable[[Callable[[], float]], Service], size: int, rounds: int) -> Row:
    """Run the same crowds through the editor of one second."""
    clock = HostClock(Host("clock"))

    async def show(stream: Stream, channel: StreamChannel) -> None:
        await show_each_second(stream, channel, clock)

    return row_of(*await _rounds(make(clock.monotonic), show, size, rounds))


async def _rounds(service: Service, show: Show, size: int, rounds: int) -> tuple[list[Stream], int]:
    shown: list[Stream] = []
    refused = 0
    for number in range(rounds):
        streams = crowd(size, random.Random(number))
        refused += await play(streams, service, show)
        shown += streams
        await asyncio.sleep(_BETWEEN_ROUNDS_S)
    return shown, refused


def bounds(make: Callable[[Callable[[], float]], Service], size: int, rounds: int) -> tuple[float, float]:
    """Return the least staleness of any schedule, and of those whose first text is on time."""
    service = make(lambda: 0.0)
    crowds = [crowd(size, random.Random(number)) for number in range(rounds)]
    free, on_time = (
        sum(least_staleness(streams, service, first_text_on_time=rule) for streams in crowds) / rounds
        for rule in (False, True)
    )
    return free, on_time


def print_table(store: Store, loop: StoreLoop, rounds: int, sizes: Sequence[int]) -> None:
    """Run everything and print one line for each schedule."""
    print(
        "| where | replies | schedule | 429s | first text p95 | final text median | p95 | staleness | calls per reply |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for make in SERVICES:
        for size in sizes:
            named = f"| {make(lambda: 0.0).name} | {size} |"
            print(_line(f"{named} bridge", loop.run_until_complete(bridge_row(store, make, size, rounds))))
            print(_line(f"{named} each second", loop.run_until_complete(fixed_row(make, size, rounds))))
            free, on_time = bounds(make, size, rounds)
            # Where not even all first texts fit into the first minute there is no such schedule.
            known = f"{on_time:.3f}" if on_time < _NO_SUCH_SCHEDULE else "none"
            print(f"{named} best, first text on time | | | | | {known} | |")
            print(f"{named} best | | | | | {free:.3f} | |")


def _line(begin: str, row: Row) -> str:
    times = f"{row.first_text_p95_s:.1f} s | {row.final_median_s:.1f} s | {row.final_p95_s:.1f} s"
    return f"{begin} | {row.refused} | {times} | {row.staleness:.3f} | {row.calls_per_reply:.1f} |"


def main() -> None:
    """Parse the arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="crowds of each size")
    parser.add_argument("--sizes", type=int, nargs="*", default=CROWDS)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        server = start_embedded(Path(folder))
        loop = StoreLoop()
        asyncio.set_event_loop(loop)
        try:
            store = Store(connect(server.url), loop, Silence())
            print_table(store, loop, options.rounds, options.sizes)
            loop.run_until_complete(store.close())
        finally:
            loop.close()
            server.stop()


if __name__ == "__main__":
    main()
