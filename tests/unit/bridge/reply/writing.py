"""What the tests of the writer share: one reply on virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bridge.domain.pages import Button
from bridge.domain.stream_events import TextDelta
from bridge.domain.threads import Address
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.fakes import FakeChannel
from tests.virtual_time import LoopClock

ADDRESS = Address("A1", "P1", "T1")
LONG = " ".join(f"word{number}" for number in range(300))

Tell = Callable[[Reply, Writer], Awaitable[None]]


async def nothing() -> None:
    return


async def write(
    channel: FakeChannel,
    tell: Tell,
    *,
    message_ids: Sequence[str] = (),
    replaced: Sequence[str] = (),
    recorded: list[tuple[tuple[str, ...], str]] | None = None,
    record_takes_s: float = 0.0,
    pacing: ChannelLimiter | None = None,
    taken_up: bool = False,
    buttons: Sequence[Button] = (),
) -> Reply:
    """Show one reply, from its first chunk until the writer is done."""
    clock = LoopClock()
    reply = Reply("q1", channel.fits, controls=buttons)

    async def record(ids: Sequence[str], text: str) -> None:
        await asyncio.sleep(record_takes_s)
        if recorded is not None:
            recorded.append((tuple(ids), text))

    writer = Writer(
        channel,
        ADDRESS,
        reply,
        pacing=pacing or ChannelLimiter(clock),
        clock=clock,
        guard=nothing,
        record=record,
        message_ids=message_ids,
        replaced=replaced,
        taken_up=taken_up,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.run())
        await tell(reply, writer)
    return reply


def chunks(
    text: str,
    *,
    size: int = 5,
    pause_s: float = 0.1,
    rest_s: float = 0.0,
    after: Sequence[Button] = (),
    end: bool = True,
) -> Tell:
    """Say a text in chunks, wait, and end the reply."""

    async def tell(reply: Reply, writer: Writer) -> None:
        for start in range(0, len(text), size):
            reply.apply(TextDelta(text[start : start + size]))
            writer.wake()
            await asyncio.sleep(pause_s)
        await asyncio.sleep(rest_s)
        if end:
            reply.end(controls=after)
            writer.wake()

    return tell
