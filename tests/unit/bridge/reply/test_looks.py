"""What a reply costs: the pages are made when a call may be made, and not for each chunk."""

import asyncio

import pytest

from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.pages import PageView, Streaming
from bridge.domain.stream_events import TextDelta, ToolFinished, ToolStarted
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.fakes import CapableChannel, FakeChannel
from tests.unit.bridge.reply.writing import LONG, chunks, write
from tests.virtual_time import LoopClock, run_virtually


class CountingChannel(CapableChannel):
    """Counts how often it has to look at a text: whether it fits, and to show it."""

    looks = 0

    def fits(self, text: str) -> bool:
        self.looks += 1
        return super().fits(text)

    async def _call(self, name: str, message_id: str, view: PageView) -> None:
        self.looks += 1
        await super()._call(name, message_id, view)

    @property
    def all_calls(self) -> int:
        return len(self.calls) + len(self.drafts)


@pytest.mark.parametrize("pause_s", [0.002, 0.02, 0.2])
@pytest.mark.parametrize("page_size", [300, 5_000])
@pytest.mark.parametrize("streaming", list(Streaming))
def test_the_pages_are_made_at_most_once_for_each_call_and_page(
    streaming: Streaming, page_size: int, pause_s: float
) -> None:
    channel = CountingChannel(page_size=page_size, streaming=streaming, takes_drafts=streaming is Streaming.NATIVE)
    reply = run_virtually(write(channel, chunks(LONG, pause_s=pause_s)))
    # In status mode a message that stays the same is looked at as often as one that is edited.
    unchanged = round(len(LONG) / 5 * pause_s / 1.0) if streaming is Streaming.STATUS else 0
    assert reply.looks <= channel.all_calls + len(channel.standing) + unchanged
    assert channel.text.split() == LONG.split() or len(channel.standing) > 1


def test_in_a_crowd_a_chunk_that_waits_for_its_call_costs_no_look() -> None:
    """The pages are not made to learn that the limits refuse the call."""

    async def crowd() -> tuple[int, int]:
        clock = LoopClock()
        pacing = ChannelLimiter(clock)
        pace = ChannelLimits(1.2, (), (Budget("shared", 30, 60.0),))
        channels = [FakeChannel(name=str(number), page_size=5000, pacing=pace) for number in range(20)]
        replies = await asyncio.gather(*(write(one, chunks(LONG, pause_s=0.05), pacing=pacing) for one in channels))
        return sum(reply.looks for reply in replies), sum(len(channel.calls) for channel in channels)

    looks, calls = run_virtually(crowd())
    assert looks <= calls + 20


def test_a_page_that_is_full_is_not_looked_at_again() -> None:
    """The work for a chunk follows its length, not what was written before it."""
    asked: list[int] = []

    class WatchingChannel(FakeChannel):
        def fits(self, text: str) -> bool:
            asked.append(len(text))
            return super().fits(text)

    channel = WatchingChannel(page_size=300)
    run_virtually(write(channel, chunks(LONG * 3, pause_s=0.02)))
    assert len(channel.standing) > 10
    assert max(asked) < 8 * 300


def test_what_is_written_beyond_the_last_page_costs_nothing() -> None:
    channel = FakeChannel(page_size=60)
    reply = run_virtually(write(channel, chunks(LONG * 5, pause_s=0.1)))
    assert reply.looks <= len(channel.calls) + len(channel.standing) + 1


def test_a_hundred_thousand_uses_of_tools_keep_a_reply_small() -> None:
    """A30: what the agent does without a word costs calls, not events; what is kept of it has a bound."""

    async def tell(reply: Reply, writer: Writer) -> None:
        reply.apply(TextDelta("I look that up, again and again. "))
        for number in range(100_000):
            reply.apply(ToolStarted(f"tool-{number % 50_000}"))
            if number % 2:
                reply.apply(ToolFinished(f"tool-{number % 50_000}"))
            writer.wake()
            if not number % 1_000:
                await asyncio.sleep(0.1)
        reply.end()
        writer.wake()

    channel = FakeChannel()
    reply = run_virtually(write(channel, tell))
    assert channel.text == "I look that up, again and again."
    assert len(reply.used_tools) <= 100
    assert reply.looks <= 2 * len(channel.calls) + 2


class WatchingChannel(FakeChannel):
    """Notes which pages it is asked about in each round of the event loop."""

    def __init__(self) -> None:
        super().__init__(page_size=9_000)
        self.rounds: list[set[str]] = []
        self._is_new = True

    def fits(self, text: str) -> bool:
        if self._is_new:
            self._is_new = False
            self.rounds.append(set())
            asyncio.get_running_loop().call_soon(self._begin_round)
        self.rounds[-1].add(text[:20])
        return super().fits(text)

    def _begin_round(self) -> None:
        self._is_new = True


def test_the_pages_of_a_long_answer_that_comes_at_once_are_made_one_by_one() -> None:
    """The event loop is free between two pages, so no other reply waits for all of them."""
    channel = WatchingChannel()
    text = " ".join(f"{number:05d} is the number of this sentence." for number in range(4_000))
    run_virtually(write(channel, chunks(text, size=len(text))))
    assert len(channel.standing) > 15
    assert len(set[str]().union(*channel.rounds)) >= len(channel.standing)
    assert max(map(len, channel.rounds)) == 1
