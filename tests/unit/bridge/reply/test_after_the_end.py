"""What becomes of a reply whose text is whole, and of one whose channel is away."""

import asyncio
import re

import pytest

from bridge.domain.errors import ChannelOutage, ChannelRateLimited, ChannelUnavailable, MessageGone, PageRejected
from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.pages import Button, PageView
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.fakes import CapableChannel, FakeChannel
from tests.unit.bridge.reply.writing import LONG, chunks, write
from tests.virtual_time import LoopClock, run_virtually

_BUTTONS = (Button.STOP, Button.GOOD, Button.BAD)
_ANSWER = LONG[:199]
_RATINGS = (Button.GOOD, Button.BAD)


class ButtonChannel(CapableChannel):
    """A page looks the same whether it is final or not, as in Slack and Telegram, but for its buttons."""

    def looks_same(self, one: PageView, other: PageView) -> bool:
        return (one.text, one.status, one.notice, one.controls) == (
            other.text,
            other.status,
            other.notice,
            other.controls,
        )


async def _answer(channel: FakeChannel, pacing: ChannelLimiter | None = None) -> float:
    """Show a whole answer, and end it 5 s later; return when the writer was done."""
    told = chunks(_ANSWER, size=20, rest_s=5.0, after=_RATINGS)
    await write(channel, told, buttons=_BUTTONS, pacing=pacing)
    return asyncio.get_running_loop().time()


def test_the_buttons_of_a_whole_answer_change_where_there_is_room() -> None:
    channel = ButtonChannel(controls=frozenset(_BUTTONS))
    done_at = run_virtually(_answer(channel))
    assert channel.standing["m1"].controls == _RATINGS
    assert done_at < 7.0


def test_a_whole_answer_does_not_wait_for_room_to_change_its_buttons() -> None:
    """R17: the turn settles, and its thread goes on."""
    channel = ButtonChannel(controls=frozenset(_BUTTONS))
    channel.pacing = ChannelLimits(1.0, (), (Budget("fake:edits", 1, 600.0, keeps_room=False),))
    done_at = run_virtually(_answer(channel))
    assert channel.text == _ANSWER
    assert channel.standing["m1"].controls == (Button.STOP,)
    assert done_at < 7.0


def test_buttons_wait_a_moment_for_a_short_window() -> None:
    async def play() -> float:
        channel = ButtonChannel(controls=frozenset(_BUTTONS))
        channel.pacing = ChannelLimits(0.1, (), (Budget("fake:edits", 1, 1.0, keeps_room=False),))
        await write(channel, chunks(_ANSWER, size=20, rest_s=0.5, after=_RATINGS), buttons=_BUTTONS)
        assert channel.standing["m1"].controls == _RATINGS
        return asyncio.get_running_loop().time()

    assert run_virtually(play()) < 4.0


@pytest.mark.parametrize(
    "failure",
    [ChannelRateLimited(50.0, "fake:edits"), ChannelUnavailable("down"), MessageGone("gone"), PageRejected("odd")],
    ids=lambda failure: type(failure).__name__,
)
def test_buttons_that_cannot_be_changed_leave_the_whole_answer_alone(
    failure: ChannelRateLimited | ChannelUnavailable | MessageGone | PageRejected,
) -> None:
    class Failing(ButtonChannel):
        async def edit(self, address: object, message_id: str, view: PageView) -> None:
            if view.final:
                raise failure
            await super().edit(address, message_id, view)  # type: ignore[arg-type]  # passed on as it came

    channel = Failing(controls=frozenset(_BUTTONS))
    done_at = run_virtually(_answer(channel))
    assert channel.text == _ANSWER
    assert len(channel.standing) == 1
    assert done_at < 8.0


def test_a_reply_whose_channel_is_away_puts_its_turn_off_after_half_an_hour() -> None:
    """R15: it does not end as if it had been shown."""
    channel = FakeChannel(failures=[ChannelUnavailable("down")] * 10_000)
    with pytest.raises(ExceptionGroup) as caught:
        run_virtually(write(channel, chunks("x" * 40, size=40)))
    assert caught.group_contains(ChannelOutage)
    assert channel.standing == {}
    assert 1800.0 < channel.calls[-1].at + 16.0 < 1900.0


def test_a_turn_that_was_put_off_is_tried_for_two_minutes_each_time() -> None:
    """R15: a thread does not keep a worker busy while its channel is away."""
    channel = FakeChannel(failures=[ChannelUnavailable("down")] * 10_000)
    with pytest.raises(ExceptionGroup) as caught:
        run_virtually(write(channel, chunks("x" * 40, size=40), taken_up=True))
    assert caught.group_contains(ChannelOutage)
    assert channel.calls[-1].at < 125.0


def test_a_limit_is_no_outage_however_long_it_is() -> None:
    """S8: it only makes the text late."""

    async def play() -> FakeChannel:
        channel = FakeChannel(page_size=5000)
        pacing = ChannelLimiter(LoopClock())
        await pacing.pause("fake:edits", 3 * 3600.0)
        await write(channel, chunks(LONG), pacing=pacing, taken_up=True)
        return channel

    assert run_virtually(play()).text == LONG


def letters(markdown: str) -> str:
    """Return what people read, without a fence or an item's sign that is repeated."""
    return re.sub(r"\W|py", "", markdown)


_APART = ChannelLimits(
    1.0, (Budget("fake:posts", 100, 60.0, keeps_room=False),), (Budget("fake:edits", 50, 60.0, keeps_room=False),)
)


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "One **bold " + LONG[:350] + "bold** " + LONG,
        "- " + LONG,
        "```py\n" + LONG.replace(" ", "\n") + "\n```\nend",
    ],
    ids=["plain", "bold", "item", "code"],
)
def test_the_rest_of_a_text_that_no_edit_can_show_is_posted(text: str) -> None:
    """R17: half a sentence does not wait for a window of the limits."""

    async def play() -> tuple[FakeChannel, float]:
        channel = ButtonChannel(page_size=5000, pacing=_APART)
        pacing = ChannelLimiter(LoopClock())

        async def tell(reply: Reply, writer: Writer) -> None:
            await chunks(text[:200], size=40, end=False)(reply, writer)
            await asyncio.sleep(3.0)
            await pacing.pause("fake:edits", 50.0)
            await chunks(text[200:], size=400)(reply, writer)

        await write(channel, tell, pacing=pacing)
        return channel, asyncio.get_running_loop().time()

    channel, done_at = run_virtually(play())
    assert done_at < 15.0
    first, second = channel.standing.values()
    assert [call.name for call in channel.calls].count("post") == 2
    assert letters(first.text.removesuffix("\n```")) + letters(second.text) == letters(text)
    assert second.final
    assert ("```py" in second.text) == text.startswith("```")
    assert ("**" in second.text[:2], second.text.count("**") % 2) == ("bold" in text, 0)
