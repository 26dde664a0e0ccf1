import asyncio
import itertools
from collections.abc import Sequence

import pytest

from bridge.domain.errors import (
    ChannelRateLimited,
    ChannelUnavailable,
    MessageGone,
    PageRejected,
    PlaceGone,
    PlaceMuted,
    PostUncertain,
)
from bridge.domain.limits.rate_limits import Budget, CallDecision, CallRequest, ChannelLimits, Priority
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from bridge.domain.stream_events import TextDelta, ToolFinished, ToolStarted
from bridge.domain.threads import Address
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.english import says
from tests.fakes import CapableChannel, FakeChannel
from tests.unit.bridge.reply.writing import ADDRESS, LONG, chunks, nothing, write
from tests.virtual_time import LoopClock, run_virtually


def test_a_growing_reply_is_one_message_edited_until_it_is_whole() -> None:
    channel = FakeChannel(page_size=5000)
    run_virtually(write(channel, chunks(LONG)))
    assert next(call.name for call in channel.calls) == "post"
    assert {call.name for call in channel.calls[1:]} == {"edit"}
    assert channel.text == LONG
    lengths = [len(call.view.text) for call in channel.calls]
    assert lengths == sorted(lengths)


def test_the_first_text_goes_out_0_3_s_after_the_first_chunk() -> None:
    channel = FakeChannel()
    run_virtually(write(channel, chunks("Hi. " * 20, size=4, pause_s=0.2)))
    assert channel.calls[0].at == pytest.approx(0.3, abs=0.01)


def test_the_first_text_goes_out_at_once_with_30_characters() -> None:
    channel = FakeChannel()
    run_virtually(write(channel, chunks("x" * 200, size=40, pause_s=0.5)))
    assert channel.calls[0].at == pytest.approx(0.0, abs=0.01)


def test_edits_of_one_reply_keep_their_floor() -> None:
    channel = FakeChannel(page_size=5000)
    run_virtually(write(channel, chunks(LONG)))
    between = [call for call in channel.calls if not call.view.final]
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(between)]
    assert min(gaps) >= 1.0


def test_an_answer_that_ends_before_the_first_post_returns_is_one_message() -> None:
    """S7: the answer ends while the first post is under way."""
    channel = FakeChannel(latency_s=2.0)
    run_virtually(write(channel, chunks("x" * 60, size=40, pause_s=0.1)))
    assert [call.name for call in channel.calls] == ["post", "edit"]
    assert channel.text == "x" * 60


def test_a_429_stops_all_calls_until_its_time_and_the_final_text_follows() -> None:
    """S8: no call in the forbidden time, then the complete final text."""
    channel = FakeChannel(page_size=5000, failures=[None, ChannelRateLimited(20.0, "fake:edits")])
    run_virtually(write(channel, chunks(LONG, pause_s=0.01)))
    limited_at = channel.calls[1].at
    assert not [call for call in channel.calls[2:] if call.at < limited_at + 20.0]
    assert channel.text == LONG


def test_a_post_whose_answer_was_lost_is_not_repeated_with_the_same_text() -> None:
    """S16: the text that may be there is never posted again; its asker is told what may have happened."""
    channel = FakeChannel(failures=[PostUncertain("lost")], lands_before_failure=True)
    run_virtually(write(channel, chunks("x" * 40, size=40)))
    assert [view.text for view in channel.standing.values()] == ["x" * 40, ""]
    assert says(channel.standing["m2"], Notice.UNSURE)


def test_a_whole_answer_is_posted_when_only_its_beginning_may_be_there() -> None:
    """S16: the final text is never lost to a lost answer."""
    channel = FakeChannel(page_size=5000, failures=[PostUncertain("lost")])
    run_virtually(write(channel, chunks(LONG)))
    assert channel.text == LONG


def test_a_deleted_reply_is_posted_anew() -> None:
    """S14: the reply was deleted while it grew."""
    channel = FakeChannel(page_size=5000, failures=[None, MessageGone("gone")])
    run_virtually(write(channel, chunks(LONG)))
    assert [call.name for call in channel.calls].count("post") == 2
    assert channel.standing["m2"].text == LONG


def test_a_channel_that_does_not_answer_is_tried_until_the_final_text_stands() -> None:
    channel = FakeChannel(page_size=5000, failures=[ChannelUnavailable("down")] * 6)
    run_virtually(write(channel, chunks(LONG)))
    assert channel.text == LONG


def test_a_place_that_is_gone_ends_the_writing() -> None:
    """S14: the bot was removed."""
    channel = FakeChannel(failures=[PlaceGone("removed")])
    with pytest.raises(ExceptionGroup) as caught:
        run_virtually(write(channel, chunks("x" * 400, size=40)))
    assert caught.group_contains(PlaceGone)


def test_a_reply_found_half_done_is_edited_in_the_message_that_is_there() -> None:
    """D6: the reply goes on in the message that was already there."""
    channel = FakeChannel()
    run_virtually(write(channel, chunks("All of it."), message_ids=["old"]))
    assert {call.message_id for call in channel.calls} == {"old"}
    assert channel.standing["old"].text == "All of it."


def test_the_message_is_recorded_as_soon_as_it_is_known() -> None:
    recorded: list[tuple[tuple[str, ...], str]] = []
    channel = FakeChannel(page_size=400)
    run_virtually(write(channel, chunks(LONG), recorded=recorded))
    assert [ids for ids, _ in recorded][:2] == [(), ("m1",)]
    assert recorded[-1][0] == tuple(channel.standing)


def test_no_text_is_shown_that_is_not_recorded() -> None:
    """D6: a worker that takes over a reply knows what people have seen of it."""
    recorded: list[tuple[tuple[str, ...], str]] = []
    channel = FakeChannel()
    known: list[str] = []
    show = channel._call

    async def look_then_show(name: str, message_id: str, view: PageView) -> None:
        known.append(recorded[-1][1] if recorded else "")
        await show(name, message_id, view)

    channel._call = look_then_show  # type: ignore[method-assign]  # looked at in passing
    run_virtually(write(channel, chunks(LONG[:900]), recorded=recorded))
    in_between = [
        (call.view.text, text) for call, text in zip(channel.calls, known, strict=True) if not call.view.final
    ]
    assert len(in_between) > 2
    assert all(text.startswith(shown) for shown, text in in_between)


def test_a_record_that_takes_long_holds_up_nobody_for_more_than_a_moment() -> None:
    """P2: the store is away without a word; the reply goes on, and the notes do not overtake each other."""
    recorded: list[tuple[tuple[str, ...], str]] = []
    channel, quick = FakeChannel(), FakeChannel()
    run_virtually(write(channel, chunks(LONG[:900]), recorded=recorded, record_takes_s=7.0))
    run_virtually(write(quick, chunks(LONG[:900])))
    assert channel.text == LONG[:900]
    assert channel.calls[-1].at - quick.calls[-1].at < 2.0
    assert [len(text) for _, text in recorded] == sorted(len(text) for _, text in recorded)


def test_a_long_answer_goes_on_in_further_messages_while_it_grows() -> None:
    """S12: pages in order, sealed pages untouched."""
    channel = FakeChannel(page_size=400)
    run_virtually(write(channel, chunks(LONG)))
    assert len(channel.standing) > 3
    assert " ".join(view.text for view in channel.standing.values()).split() == LONG.split()
    sealed: set[str] = set()
    for call in channel.calls:
        assert call.message_id not in sealed
        if call.view.final:
            sealed.add(call.message_id)


def test_a_tool_shows_as_a_status_and_is_gone_at_the_end() -> None:
    async def tell(reply: Reply, writer: Writer) -> None:
        reply.apply(ToolStarted("web_search"))
        writer.wake()
        await asyncio.sleep(2)
        reply.apply(ToolFinished("web_search"))
        reply.apply(TextDelta("Found it."))
        writer.wake()
        await asyncio.sleep(2)
        reply.end()
        writer.wake()

    channel = FakeChannel()
    run_virtually(write(channel, tell))
    assert channel.calls[0].view.status == "Looking that up: web search…"
    assert channel.standing["m1"].text == "Found it."
    assert channel.standing["m1"].status == ""


def test_a_hundred_replies_in_one_scope_leave_room_for_their_final_texts() -> None:
    """S8: in-between edits share what is left; no final text waits for them."""

    async def crowd() -> list[FakeChannel]:
        clock = LoopClock()
        pacing = ChannelLimiter(clock)
        pace = ChannelLimits(1.2, (), (Budget("shared", 45, 60.0),))
        channels = [FakeChannel(name=str(number), page_size=5000, pacing=pace) for number in range(100)]

        async def one(channel: FakeChannel) -> None:
            reply = Reply("q", channel.fits)

            async def record(ids: Sequence[str], text: str) -> None:
                del ids, text

            writer = Writer(channel, ADDRESS, reply, pacing=pacing, clock=clock, guard=nothing, record=record)
            async with asyncio.TaskGroup() as group:
                group.create_task(writer.run())
                await chunks(LONG, pause_s=0.02)(reply, writer)

        async with asyncio.TaskGroup() as group:
            for channel in channels:
                group.create_task(one(channel))
        return channels

    channels = run_virtually(crowd())
    assert all(channel.text == LONG for channel in channels)
    in_between = [call for channel in channels for call in channel.calls if call.name == "edit" and not call.view.final]
    assert len(in_between) <= 45


def test_a_post_whose_answer_was_lost_is_found_and_edited_where_the_channel_can_look() -> None:
    """S16: the message that is there is the one that goes on."""
    channel = CapableChannel(page_size=5000, failures=[PostUncertain("lost")], lands_before_failure=True)
    run_virtually(write(channel, chunks(LONG)))
    assert [call.name for call in channel.calls].count("post") == 1
    assert list(channel.standing) == ["m1"]
    assert channel.text == LONG


def test_a_post_that_surely_never_landed_is_made_again() -> None:
    channel = CapableChannel(failures=[PostUncertain("lost")])
    run_virtually(write(channel, chunks("x" * 40, size=40)))
    assert [call.name for call in channel.calls] == ["post", "post"]
    assert channel.text == "x" * 40


def test_a_final_page_that_the_channel_refuses_is_replaced_by_a_notice() -> None:
    """S10: whatever the channel refuses, people are not left with silence."""
    channel = FakeChannel(failures=[PageRejected("odd")])
    run_virtually(write(channel, chunks("x" * 20, size=40)))
    (view,) = channel.standing.values()
    assert view.text == ""
    assert says(view, Notice.FAILED)


def test_a_notice_that_is_refused_too_ends_the_writing() -> None:
    """R21: the place takes no words at all."""
    channel = FakeChannel(failures=[PageRejected("odd")] * 5)
    with pytest.raises(ExceptionGroup) as caught:
        run_virtually(write(channel, chunks("x" * 20, size=40)))
    assert caught.group_contains(PlaceMuted, match="odd")
    assert len(channel.calls) == 2


def test_a_search_that_is_limited_waits_and_is_given_up_after_some_tries() -> None:
    """S8: no search in the forbidden time, and no end of it either."""

    class LimitedSearch(FakeChannel):
        searched_at: list[float]

        async def find_post(self, address: Address, view: PageView) -> str | None:
            del address, view
            self.searched_at.append(asyncio.get_running_loop().time())
            raise ChannelRateLimited(30.0, "fake:search")

    channel = LimitedSearch(failures=[PostUncertain("lost")])
    channel.searched_at = []
    run_virtually(write(channel, chunks(LONG[:40], size=40)))
    gaps = [later - earlier for earlier, later in itertools.pairwise(channel.searched_at)]
    assert len(channel.searched_at) == 3
    assert min(gaps) > 29.99


class WatchedPacing(ChannelLimiter):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__(LoopClock())
        self.asked_for: list[Priority] = []

    async def take(self, asked: CallRequest) -> CallDecision:
        self.asked_for.append(asked.kind)
        return await super().take(asked)


def test_each_call_says_what_it_is_for() -> None:
    async def play() -> list[Priority]:
        pacing = WatchedPacing()
        await write(FakeChannel(page_size=400), chunks(LONG), pacing=pacing)
        return pacing.asked_for

    asked_for = run_virtually(play())
    assert asked_for[0] is Priority.FIRST
    assert asked_for[-1] is Priority.FINAL
    # The next page is begun; the edit before it, which was asked for without a look, turned out to seal a page.
    assert asked_for.count(Priority.TURN) >= 5
    assert Priority.BETWEEN in asked_for


def test_a_status_line_alone_is_a_sign_of_life() -> None:
    async def tell(reply: Reply, writer: Writer) -> None:
        reply.apply(TextDelta("x" * 40))
        writer.wake()
        await asyncio.sleep(2)
        reply.apply(ToolStarted("web_search"))
        writer.wake()
        await asyncio.sleep(2)
        reply.apply(ToolFinished("web_search"))
        reply.end()
        writer.wake()

    async def play() -> list[Priority]:
        pacing = WatchedPacing()
        await write(FakeChannel(), tell, pacing=pacing)
        return pacing.asked_for

    assert run_virtually(play()) == [Priority.FIRST, Priority.COSMETIC, Priority.FINAL]


def test_a_refusal_is_not_questioned_with_every_chunk() -> None:
    async def play() -> int:
        pacing = WatchedPacing()
        await pacing.pause("fake:edits", 20.0)
        await write(FakeChannel(page_size=5000), chunks(LONG, pause_s=0.01), pacing=pacing)
        return len(pacing.asked_for)

    # 400 chunks: the first text, one in-between edit, and the last text, which is told to wait and then goes.
    assert run_virtually(play()) <= 5


def test_the_newest_text_goes_once_a_call_may_be_made() -> None:
    class SlowPacing(ChannelLimiter):
        async def take(self, asked: CallRequest) -> CallDecision:
            await asyncio.sleep(0.5)
            return await super().take(asked)

    async def play() -> FakeChannel:
        channel = FakeChannel(page_size=5000)
        await write(channel, chunks(LONG, pause_s=0.1), pacing=SlowPacing(LoopClock()))
        return channel

    channel = run_virtually(play())
    # 20 characters were there when the limits were asked, 0.5 s before.
    assert len(channel.calls[0].view.text) >= 40


class UniformChannel(FakeChannel):
    """A page looks the same whether it is final or not, as in Slack and Telegram."""

    def looks_same(self, one: PageView, other: PageView) -> bool:
        return (one.text, one.status, one.notice) == (other.text, other.status, other.notice)


def test_an_edit_that_would_change_nothing_is_not_made() -> None:
    async def tell(reply: Reply, writer: Writer) -> None:
        await _chunks_without_end(reply, writer)
        await asyncio.sleep(5)
        reply.end()
        writer.wake()

    async def _chunks_without_end(reply: Reply, writer: Writer) -> None:
        for start in range(0, 200, 20):
            reply.apply(TextDelta("x" * 20))
            writer.wake()
            await asyncio.sleep(0.3 if start else 0)

    channel = UniformChannel(page_size=5000)
    run_virtually(write(channel, tell))
    assert channel.text == "x" * 200
    texts = [call.view.text for call in channel.calls]
    assert len(texts) == len(set(texts))


def test_a_last_text_waits_out_a_limit_of_hours() -> None:
    """S8: it is late, and never dropped."""
    hours_s = 3 * 3600.0
    channel = FakeChannel(page_size=5000, failures=[None, ChannelRateLimited(hours_s, "fake:edits")])
    run_virtually(write(channel, chunks(LONG, pause_s=0.01)))
    assert channel.text == LONG
    assert channel.calls[-1].at >= hours_s


def test_a_limit_of_an_unknown_scope_is_obeyed_by_its_reply() -> None:
    """S8: no call in the forbidden time, whatever the service calls its limit."""
    channel = FakeChannel(page_size=5000, failures=[None, ChannelRateLimited(20.0, "something else")])
    run_virtually(write(channel, chunks(LONG, pause_s=0.01)))
    limited_at = channel.calls[1].at
    assert not [call for call in channel.calls[2:] if call.at < limited_at + 20.0]
    assert channel.text == LONG
