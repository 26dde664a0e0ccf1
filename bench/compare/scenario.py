"""One scenario with one bot on one service: a process of its own from start to end."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.compare.agent import talkifai
from bench.compare.processes import Bot, Usage, running
from bench.compare.services import SERVICES, Service
from bench.compare.watch import Asked, Watch
from bench.compare.words import Work

_STARTS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.05
_SETTLES_S = 1.0
"""What a bot does after the last text belongs to the reply too."""
_WARM_UP = 999_999
_WHOLE = {"BRIDGE_MAX_PAGES": "100"}
"""An answer of 160,000 characters has more messages on Telegram than a reply has by default."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked, by how many, in which time."""

    name: str
    people: int
    work: Work
    rounds: int = 1
    """How often in turn, so that the CPU of one reply can be read."""
    over_s: float = 0.0
    """The questions come evenly in this time; zero: at once."""
    has_limits: bool = False
    within_s: float = 120.0
    """How long the answers are waited for, beyond the time the agent speaks."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds."""

    median: float
    p95: float
    most: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What one bot did in one scenario."""

    scenario: str
    service: str
    bot: str
    replies: int
    cpu_ms: float
    """Of all its processes, for each reply."""
    rest_mb: float
    peak_mb: float
    first_s: Spread | None
    final_s: Spread | None
    acknowledged_s: Spread | None
    redelivered: int
    calls: dict[str, int]
    refused: int
    """Answers 429."""
    wrong: int
    """Replies that are not the answer, word for word, at the end."""
    staleness: float
    """How much of the answer was written and not yet seen, averaged over the time that the agent speaks: the mean of
    all replies."""
    renders: float | None
    """How often a reply's pages were made; None for a bot that does not tell."""


async def measure(scenario: Scenario, service_name: str, bot_name: str, agent: dict[str, str]) -> Measured:
    """Run it. Raises `RuntimeError` where the bot does not start."""
    service = SERVICES[service_name]()
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        async with (
            service.stand_in,
            running(bot_name, {**agent, **service.settings, **_WHOLE}, Path(folder)) as bot,
        ):
            await _until_connected(service, bot)
            watch = Watch(service.ledger)
            await _round(service, watch, Scenario("warm up", 1, Work(200, 16, 5)), _WARM_UP)
            watch.asked.clear()
            if scenario.has_limits:
                service.limit()
            calls, refused = service.made()
            before, told = bot.usage(), len(bot.renders())
            for number in range(scenario.rounds):
                await _round(service, watch, scenario, number * scenario.people)
            after = bot.usage()
            calls_after, refused_after = service.made()
            return _summed_up(
                (scenario, service, bot_name),
                (before, after),
                list(watch.asked.values()),
                dict(calls_after - calls),
                refused_after - refused,
                bot.renders()[told:],
            )


async def _until_connected(service: Service, bot: Bot) -> None:
    try:
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while not service.is_connected() and bot.is_running:  # noqa: ASYNC110 - another process sets no event here
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        pass
    if not service.is_connected():
        raise RuntimeError(f"the bot does not connect:\n{await asyncio.to_thread(bot.log.read_text)}")
    await asyncio.sleep(_SETTLES_S)


async def _round(service: Service, watch: Watch, scenario: Scenario, first: int) -> None:
    began = watch.now()
    for number in range(scenario.people):
        await asyncio.sleep(max(0.0, began + number * scenario.over_s / scenario.people - watch.now()))
        asked_at = watch.now()
        place = await service.ask(scenario.work.question(first + number))
        watch.expect(place, first + number, scenario.work, asked_at)
    until = watch.now() + scenario.work.lasts_s + scenario.within_s
    while not watch.look() and watch.now() < until:  # noqa: ASYNC110 - every frame would wake it
        await asyncio.sleep(_LOOK_EVERY_S)
    await asyncio.sleep(_SETTLES_S)


def _summed_up(
    who: tuple[Scenario, Service, str],
    usage: tuple[Usage, Usage],
    asked: Sequence[Asked],
    calls: dict[str, int],
    refused: int,
    renders: Sequence[int],
) -> Measured:
    scenario, service, bot_name = who
    before, after = usage
    return Measured(
        scenario=scenario.name,
        service=service.name,
        bot=bot_name,
        replies=len(asked),
        cpu_ms=1000 * (after.cpu_s - before.cpu_s) / len(asked),
        rest_mb=before.rss_mb,
        peak_mb=after.peak_mb,
        first_s=_spread([one.first_at - one.asked_at for one in asked if one.first_at is not None]),
        final_s=_spread([one.whole_at - one.asked_at for one in asked if one.whole_at is not None]),
        acknowledged_s=_spread(service.acknowledged_after_s()),
        redelivered=service.redelivered(),
        calls=calls,
        refused=refused,
        wrong=sum(not one.is_right for one in asked),
        staleness=statistics.fmean([one.staleness() for one in asked if one.seen] or [0.0]),
        renders=statistics.fmean(renders) if renders else None,
    )


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    ordered = sorted(values)
    return Spread(statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], ordered[-1])


async def measure_all(
    scenarios: Sequence[Scenario], services: Sequence[str], bots: Sequence[str], *, together: bool = False
) -> list[Measured]:
    """Run each scenario on each service with each bot, one by one; `together` only shows that all of it works."""
    at_once = asyncio.Semaphore(1000 if together else 1)

    async def one(scenario: Scenario, service: str, bot: str) -> Measured | None:
        async with at_once:
            began = time.monotonic()
            try:
                found = await measure(scenario, service, bot, agent)
            except (RuntimeError, OSError) as error:
                # The other rows are not lost with this one.
                print(f"{scenario.name}, {service}, {bot}: {error}", file=sys.stderr, flush=True)
                return None
        took = f"in {time.monotonic() - began:.0f} s"
        print(f"{scenario.name}, {service}, {bot}: {found.cpu_ms:.1f} ms, {found.wrong} wrong, {took}", flush=True)
        return found

    with talkifai() as agent:
        rows = await asyncio.gather(
            *(one(scenario, service, bot) for scenario in scenarios for service in services for bot in bots)
        )
    return [row for row in rows if row is not None]
