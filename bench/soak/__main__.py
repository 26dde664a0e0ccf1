"""Hours of bad luck in minutes: several workers, many threads, a random fault every few seconds, and then the count.

`make soak`, or `make soak ARGS="--minutes 2 --seed 7"`. Everything is real but the services: worker processes, a Redis
with a replica behind a proxy, stand-ins over real sockets. The exit code is 1 when a question was answered twice or
never, or a conversation was left open.
"""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.soak.count import Count
from bench.soak.crowd import REST_WITHIN_S, Crowd
from bench.soak.misfortune import Misfortune
from bench.soak.redis_pair import ClusterOnPair, RedisPair
from bench.soak.workers import Workers
from tests.fault.cluster import Cluster
from tests.fault.talks import TALKS, talk_on

_END_WITHIN_S = 180.0
_NOTHING_LEFT_S = 5.0
_REDELIVERED_AFTER_S = (0.0, 5.0, 10.0, 20.0, 30.0, 30.0, 30.0)


async def run(given: argparse.Namespace) -> bool:
    """Run the soak and print its table. Returns whether all is well."""
    async with RedisPair() as redis, ClusterOnPair(redis) as cluster:
        stage, chance = cluster.stage, random.Random(given.seed)
        stage.slack.sockets.redelivery_after_s = _REDELIVERED_AFTER_S
        workers = Workers(cluster, redis.url)
        await asyncio.gather(*(workers.start() for _ in range(given.workers)))
        until = time.monotonic() + 60.0 * given.minutes
        talks = [talk_on(stage, list(TALKS)[number % len(TALKS)]) for number in range(given.threads)]
        crowd = Crowd(cluster, chance, talks, until)
        misfortune = Misfortune(stage, redis, workers, chance, until, given.faults)
        print(
            f"{given.workers} workers, {given.threads} threads, {given.minutes:g} minutes, seed {given.seed}",
            flush=True,
        )
        people = [asyncio.ensure_future(crowd.person(talk)) for talk in talks]
        await misfortune.happen()
        for faults in (stage.talkifai.faults, stage.slack.faults, stage.telegram.faults):
            faults.clear()
        await settled(cluster, people)
        try:
            await cluster.at_rest(REST_WITHIN_S)
            await cluster.end_all(_END_WITHIN_S)
        except TimeoutError:
            print("it did not come to rest")
        count = Count(stage.talkifai.book, crowd, workers, misfortune)
        for name, value in count.table():
            print(f"{name:70} {value}")
        print("\n".join(count.complaints()))
        if given.logs:
            await asyncio.to_thread(Path(given.logs).write_text, cluster.log, encoding="utf-8")
        return count.is_well


async def settled(cluster: Cluster, people: Sequence[asyncio.Future[None]]) -> None:
    """Return when all have their answers, or nothing is left that could still become one."""
    with suppress(TimeoutError):
        await cluster.stage.slack.sockets.settled(REST_WITHIN_S)
    for _ in range(2):
        with suppress(TimeoutError):
            await cluster.at_rest(REST_WITHIN_S)
        await asyncio.wait(people, timeout=_NOTHING_LEFT_S)
    for person in people:
        person.cancel()
    await asyncio.gather(*people, return_exceptions=True)


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.splitlines()[0])
    # Broken connections are what this is about: the stand-ins need not report each of them.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=200)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", nargs="*", default=(), help="only these; the names are those of the table")
    parser.add_argument("--logs", default="", help="a file for the logs of all workers")
    return 0 if asyncio.run(run(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
