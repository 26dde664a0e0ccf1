"""However long each call takes, the final text is what stays."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.pages import PageView
from bridge.domain.stream_events import TextDelta
from bridge.domain.threads import Address
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.fakes import FakeChannel
from tests.virtual_time import LoopClock, run_virtually

_TEXT = " ".join(f"word{number}" for number in range(80))


class SlowChannel(FakeChannel):
    """Each call takes as long as the next of `latencies`, and has its effect only at its end."""

    latencies: list[float]
    in_flight = 0

    async def _call(self, name: str, message_id: str, view: PageView) -> None:
        self.in_flight += 1
        assert self.in_flight == 1, "two calls for one reply at once"
        self.latency_s = self.latencies.pop(0) if self.latencies else 0.1
        await super()._call(name, message_id, view)
        self.in_flight -= 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.0, 20.0), max_size=12),
    st.lists(st.floats(0.0, 3.0), min_size=1, max_size=20),
    st.integers(60, 5000),
)
def test_the_final_text_stays_whatever_the_latencies(
    latencies: list[float], pauses: list[float], page_size: int
) -> None:
    """S6: a late edit never arrives after the final one."""
    channel = SlowChannel(page_size=page_size)
    channel.latencies = latencies

    async def write() -> None:
        clock = LoopClock()
        reply = Reply("q", channel.fits)

        async def nothing() -> None:
            return

        async def record(ids: Sequence[str], text: str) -> None:
            del ids, text

        writer = Writer(
            channel, Address("A", "P"), reply, pacing=ChannelLimiter(clock), clock=clock, guard=nothing, record=record
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(writer.run())
            step = -(-len(_TEXT) // len(pauses))
            for number, pause_s in enumerate(pauses):
                reply.apply(TextDelta(_TEXT[number * step : (number + 1) * step]))
                writer.wake()
                await asyncio.sleep(pause_s)
            reply.end()
            writer.wake()

    run_virtually(write())
    assert " ".join(view.text for view in channel.standing.values()).split() == _TEXT.split()
    assert all(view.final for view in channel.standing.values())
