"""What is done to the bridge in a soak: one thing after another, drawn by chance."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bench.soak.redis_pair import RedisPair
from bench.soak.workers import Workers
from sandbox.faults import Fault, Faults
from sandbox.stage import Stage
from sandbox.talkifai.when_unread import WhenUnread
from tests.fault.cluster import LEASE_S

_KNOWN_WITHIN_S = 8.0
"""A worker has noticed by then that Redis forgot."""


@dataclass(slots=True)
class Misfortune:
    """The deeds, and when those were done that may leave something behind."""

    stage: Stage
    redis: RedisPair
    workers: Workers
    chance: random.Random
    until: float
    only: Sequence[str] = ()
    """Names of deeds; empty for all."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each was done."""
    redis_was_away: list[tuple[float, float]] = field(default_factory=list)
    """From when to when nothing could be written, seconds since the epoch."""
    refused: list[tuple[float, float]] = field(default_factory=list)
    """From when to when a token was refused, by the clock that does not jump."""
    forgot_at: list[float] = field(default_factory=list)
    """When Redis forgot, by the same clock."""
    forgotten: set[str] = field(default_factory=set)
    """Conversations that were open then and that no running worker knew."""

    @property
    def deeds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """All that can happen, by name."""
        return {
            "worker killed": self.kill_a_worker,
            "worker paused": self.pause_a_worker,
            "worker stopped": self.stop_a_worker,
            "deploy": self.workers.deploy,
            "Redis cut off": self.cut_redis,
            "Redis away for longer than a lease": self.take_redis_away,
            "Redis connections broken": self.break_redis,
            "Redis stalled": self.stall_redis,
            "Redis full": self.fill_redis,
            "Redis failed over": self.redis.fail_over,
            "Redis primary killed": self.kill_redis,
            "Redis emptied": self.empty_redis,
            "TalkifAI hung up": self.hang_up,
            "429": self.limit,
            "5xx": self.fail,
            "answers lost": self.lose_answers,
            "Slack sockets dropped": self.drop_sockets,
            "channel away": self.take_a_channel_away,
            "token refused": self.refuse_a_token,
        }

    async def happen(self) -> None:
        """Do one thing or another every few seconds, until the time is over."""
        deeds = {name: deed for name, deed in self.deeds.items() if not self.only or name in self.only}
        waiting: list[str] = []
        while time.monotonic() < self.until:
            if not waiting:
                # Each once in every round: a short run too has them all.
                waiting = self.chance.sample(sorted(deeds), len(deeds))
            name = waiting.pop()
            self.done[name] += 1
            await deeds[name]()
            await asyncio.sleep(self.chance.uniform(1.0, 4.0))

    # ------------------------------------------------------------ workers

    def _any_worker(self) -> int:
        return self.chance.randrange(len(self.workers.running))

    async def kill_a_worker(self) -> None:
        await self.workers.kill(self._any_worker(), self.chance.uniform(0.0, 3.0))

    async def pause_a_worker(self) -> None:
        await self.workers.pause(self._any_worker(), self.chance.choice([2.0, 8.0, 34.0]))

    async def stop_a_worker(self) -> None:
        await self.workers.stop(self._any_worker())

    # ------------------------------------------------------------ Redis

    async def _without_redis(self, deed: Awaitable[None]) -> None:
        began = time.time()
        await deed
        self.redis_was_away.append((began, time.time()))

    async def _cut(self, for_s: float) -> None:
        await self.redis.network.cut()
        await asyncio.sleep(for_s)
        await self.redis.network.restore()

    async def cut_redis(self) -> None:
        await self._without_redis(self._cut(self.chance.choice([0.5, 3.0, 8.0])))

    async def take_redis_away(self) -> None:
        await self._without_redis(self._cut(LEASE_S + self.chance.uniform(2.0, 10.0)))

    async def break_redis(self) -> None:
        self.redis.network.break_connections()

    async def stall_redis(self) -> None:
        await self._without_redis(self.redis.stall(self.chance.choice([3.0, 7.0, 12.0])))

    async def fill_redis(self) -> None:
        await self._without_redis(self.redis.fill(self.chance.uniform(4.0, 15.0)))

    async def kill_redis(self) -> None:
        await self._without_redis(self.redis.die())

    async def empty_redis(self) -> None:
        """Empty it while every thread is in a living worker's hands: what no worker knows is gone for good."""
        wait_s = self.workers.untroubled_since + LEASE_S + _KNOWN_WITHIN_S - time.monotonic()
        await asyncio.sleep(max(0.0, wait_s))
        await self.stage.slack.sockets.settled(60.0)
        known = self.workers.known()
        self.forgotten |= {
            one.id for one in self.stage.talkifai.book.records if not one.ended_at and one.id not in known
        }
        await self.redis.forget()
        self.forgot_at.append(time.monotonic())
        await asyncio.sleep(_KNOWN_WITHIN_S)

    # ------------------------------------------------------------ TalkifAI and the channels

    async def hang_up(self) -> None:
        """Break streams; from now on unread answers come to one of three ends, as at stops and kills too."""
        self.stage.talkifai.when_unread = self.chance.choice(list(WhenUnread))
        for _ in range(5):
            self.stage.talkifai.faults.arm(Fault("ask", cut_at_byte=self.chance.randrange(2500)))

    async def limit(self) -> None:
        faults, call = self._any_call()
        wait_s, times = self.chance.randrange(1, 4), self.chance.randrange(1, 6)
        faults.arm(Fault(call, status=429, retry_after_s=wait_s, times=times))

    async def fail(self) -> None:
        faults, call = self._any_call()
        faults.arm(Fault(call, status=self.chance.choice([500, 502, 503]), times=self.chance.randrange(1, 4)))

    async def lose_answers(self) -> None:
        faults, call = self._any_call()
        if call in {"sendMessage", "open"}:
            # The documented gaps: such a message cannot be looked up, nor such a conversation ended.
            call = "editMessageText" if call == "sendMessage" else "end"
        faults.arm(Fault(call, lose_answer=True, times=self.chance.randrange(1, 4)))

    async def drop_sockets(self) -> None:
        self.stage.slack.sockets.drop()

    async def take_a_channel_away(self) -> None:
        """Let every call of one service fail for a while."""
        faults = self.chance.choice([self.stage.slack.faults, self.stage.telegram.faults])
        if faults is self.stage.slack.faults:
            self.stage.slack.sockets.drop()
        await self._for_a_while(faults, Fault("*", refuse=True, times=-1))

    async def refuse_a_token(self) -> None:
        """Let one service refuse the bot for a while; a worker starts meanwhile."""
        began = time.monotonic()
        faults, refusal = self.chance.choice(
            [
                (self.stage.slack.faults, Fault("*", error="invalid_auth", times=-1)),
                (self.stage.telegram.faults, Fault("*", status=401, error="Unauthorized", times=-1)),
            ]
        )
        await self._for_a_while(faults, refusal, self.stop_a_worker())
        self.refused.append((began, time.monotonic()))

    async def _for_a_while(self, faults: Faults, fault: Fault, meanwhile: Awaitable[None] | None = None) -> None:
        faults.arm(fault)
        await asyncio.gather(asyncio.sleep(self.chance.uniform(15.0, 40.0)), *([meanwhile] if meanwhile else []))
        fault.times = 0

    def _any_call(self) -> tuple[Faults, str]:
        stage = self.stage
        return self.chance.choice(
            [(stage.talkifai.faults, call) for call in ("open", "ask", "history", "end")]
            + [(stage.slack.faults, call) for call in ("chat.postMessage", "chat.update", "conversations.history")]
            + [(stage.telegram.faults, call) for call in ("sendMessage", "editMessageText")]
        )
