"""What one reply costs a worker in CPU, from the agent's chunks to the calls.

`python -m bench.reply_cost [replies] [longest]`: how often each is made, and the most characters of one.

The real reply, writer and pacing on a clock that jumps, and the real rendering of each channel; no network, no Redis.
A short reply (200 chunks of 16 bytes, 20 ms apart) and two long ones, of which the second is ten times the first.
Each reply begins with a number of its own: no page is rendered that was rendered for another reply.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

from adapters.slack.format import markdown_block as slack
from adapters.slack.outbound.messages import pace_of as slack_pace
from adapters.telegram.format import markdown as telegram
from adapters.telegram.outbound.messages import pace_of as telegram_pace
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.pages import PageView, Streaming
from bridge.domain.stream_events import TextDelta
from bridge.domain.threads import Address
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.corpus.shown import ANSWERS
from tests.fakes import FakeChannel
from tests.virtual_time import LoopClock, VirtualLoop

_ORDINARY = (
    *("support-answer", "step-by-step", "travel-plan", "sql-explained", "meeting-notes", "shell-steps", "recipe"),
    *("code-review-python", "list-then-code", "legal", "table-narrow", "email-draft"),
)
_ADDRESSES = {"slack": Address("T1", "C1", "1.0"), "telegram": Address("7", "42")}
_LIMITS: dict[str, Callable[[Address], ChannelLimits]] = {"slack": slack_pace, "telegram": telegram_pace}
_FITS: dict[str, Callable[[str], bool]] = {"slack": slack.fits, "telegram": telegram.fits}
_RENDERED: dict[str, Callable[[PageView], Any]] = {
    "slack": lambda view: (slack.plain_of(view), slack.markdown_of(view)),
    "telegram": telegram.render_page,
}


class RenderingChannel(FakeChannel):
    """Renders each view as the adapter would send it, and takes the time of a call."""

    def fits(self, text: str) -> bool:
        """As the adapter."""
        return _FITS[self.name](text)

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """As the adapter."""
        render = _RENDERED[self.name]
        return one.controls == other.controls and bool(render(one) == render(other))

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        """As the adapter."""
        del streaming
        return _LIMITS[self.name](address)

    async def _call(self, name: str, message_id: str, view: PageView) -> None:
        _RENDERED[self.name](view)
        await super()._call(name, message_id, view)


async def _nothing(*_: object) -> None:
    return


async def show(name: str, chunks: Sequence[str], pause_s: float) -> tuple[int, int]:
    """Show one answer; return the number of calls, and how often the pages were made."""
    clock, channel = LoopClock(), RenderingChannel(name=name)
    reply = Reply("q1", channel.fits)
    pacing = ChannelLimiter(clock)
    writer = Writer(channel, _ADDRESSES[name], reply, pacing=pacing, clock=clock, guard=_nothing, record=_nothing)
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.run())
        for chunk in chunks:
            reply.apply(TextDelta(chunk))
            writer.wake()
            await asyncio.sleep(pause_s)
        reply.end()
        writer.wake()
    return len(channel.calls), reply.looks


def looks_of(name: str, chunks: Sequence[str], pause_s: float) -> tuple[int, int]:
    """Return how many calls an answer takes, and how often its pages are made."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(show(name, chunks, pause_s))


def chunks_of(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def prose(size: int) -> str:
    """Join ordinary answers of the corpus: paragraphs, lists, code, a table, some links."""
    joined = "\n\n".join((ANSWERS[0].parent / f"{name}.md").read_text(encoding="utf-8") for name in _ORDINARY)
    return (joined * (size // len(joined) + 1))[:size]


def measured(name: str, text: str, pause_s: float, replies: int, size: int = 16) -> str:
    calls = looks = 0
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(show(name, chunks_of(text, size), pause_s))
        began = process_time()
        for number in range(1, replies + 1):
            calls, looks = runner.run(show(name, chunks_of(f"{number} {text}", size), pause_s))
        cpu_s = process_time() - began
    return f"{1000 * cpu_s / replies:.1f} ms | {calls} | {looks}"


def main() -> None:
    replies = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    longest = int(sys.argv[2]) if len(sys.argv) > 2 else 160_000  # noqa: PLR2004 - both are given
    print("| reply | channel | CPU | calls | times the pages were made |")
    print("| --- | --- | ---: | ---: | ---: |")
    for name in _ADDRESSES:
        for size, most in ((320, 1), (3_200, replies), (16_000, max(1, replies // 5)), (160_000, 1)):
            if size <= longest:
                row = measured(name, prose(size), 0.02, most)
                print(f"| {size:,} characters in {size / 800:g} s | {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
