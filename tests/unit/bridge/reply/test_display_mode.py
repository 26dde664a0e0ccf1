"""How a reply is shown while it grows, in each mode: what people see, and what notifies them."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bridge.domain.errors import ChannelRateLimited, ChannelUnavailable, PlaceGone
from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.notices import Status
from bridge.domain.pages import PageView, Streaming
from bridge.domain.stream_events import TextDelta, ToolFinished, ToolStarted
from bridge.domain.threads import Address
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.display_mode import DRAFT_AGAIN_S, as_status
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from bridge.texts.sentences import writing_status
from tests.english import english
from tests.fakes import CapableChannel
from tests.virtual_time import LoopClock, run_virtually

_DRAFT_LIFE_S = 30.0
_LONG = " ".join(f"word{number}" for number in range(300))

Tell = Callable[[Reply, Writer], Awaitable[None]]


async def _write(channel: CapableChannel, tell: Tell, message_ids: Sequence[str] = ()) -> None:
    clock = LoopClock()
    reply = Reply("q1", channel.fits)

    async def nothing(*_: object) -> None:
        return

    writer = Writer(
        channel,
        Address("A1", "P1", "T1"),
        reply,
        pacing=ChannelLimiter(clock),
        clock=clock,
        guard=nothing,
        record=nothing,
        message_ids=message_ids,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.run())
        await tell(reply, writer)
        reply.end()
        writer.wake()


def _chunks(text: str, *, pause_s: float = 0.1) -> Tell:
    async def tell(reply: Reply, writer: Writer) -> None:
        for start in range(0, len(text), 5):
            reply.apply(TextDelta(text[start : start + 5]))
            writer.wake()
            await asyncio.sleep(pause_s)

    return tell


async def _silence(reply: Reply, writer: Writer) -> None:
    """Say something, call a tool for two minutes, and go on."""
    reply.apply(TextDelta("I have to look that up, which takes a while. "))
    reply.apply(ToolStarted("web_search"))
    writer.wake()
    await asyncio.sleep(120.0)
    reply.apply(ToolFinished("web_search"))
    reply.apply(TextDelta("Here it is."))
    writer.wake()
    await asyncio.sleep(5.0)


def _channel(streaming: Streaming, *, takes_drafts: bool = False, page_size: int = 5000) -> CapableChannel:
    private = Budget("fake:chat", 3, 3.3, keeps_room=False)
    pace = ChannelLimits(1.1, (private,), (private,), drafts=(private,))
    return CapableChannel(streaming=streaming, takes_drafts=takes_drafts, page_size=page_size, pacing=pace)


def test_in_status_mode_a_message_says_what_is_done_until_the_text_is_whole() -> None:
    channel = _channel(Streaming.STATUS)
    run_virtually(_write(channel, _chunks(_LONG)))
    assert [call.name for call in channel.calls].count("post") == 1
    *growing, last = channel.calls
    assert {call.view.text for call in growing} == {""}
    assert growing[0].view.status == english(Status.WRITING)
    assert growing[-1].view.status == "Writing… (2,000 characters)"
    assert (last.view.text, last.view.status) == (_LONG, "")


def test_in_status_mode_a_status_changes_only_in_steps() -> None:
    channel = _channel(Streaming.STATUS)
    run_virtually(_write(channel, _chunks(_LONG)))
    assert len(channel.calls) == 1 + len(_LONG) // 500 + 1


def test_in_status_mode_each_page_is_shown_once_and_whole() -> None:
    """S12: pages in order, nothing lost or doubled."""
    channel = _channel(Streaming.STATUS, page_size=400)
    run_virtually(_write(channel, _chunks(_LONG)))
    whole = [call.view for call in channel.calls if call.view.text]
    assert [view.number for view in whole] == list(range(1, len(channel.standing) + 1))
    assert all(view.final for view in whole)
    assert " ".join(view.text for view in whole).split() == _LONG.split()


def test_a_quick_answer_has_no_status_line() -> None:
    channel = _channel(Streaming.STATUS)
    answer = "A short answer that takes the agent a second and a half to write."
    run_virtually(_write(channel, _chunks(answer)))
    assert [(call.name, call.view.text) for call in channel.calls] == [("post", answer)]


def test_in_status_mode_a_text_that_somebody_has_seen_is_not_taken_back() -> None:
    """D6: a reply that another worker began, in whatever mode that was."""
    channel = _channel(Streaming.STATUS)
    run_virtually(_write(channel, _chunks(_LONG), message_ids=["old"]))
    assert [(call.name, call.message_id) for call in channel.calls] == [("edit", "old")]
    assert channel.standing["old"].text == _LONG


@pytest.mark.parametrize("streaming", list(Streaming))
def test_a_text_that_another_worker_showed_does_not_give_way_to_a_status(streaming: Streaming) -> None:
    """D6: while the answer is looked up, or a tool is at work, people still see what they have read."""

    async def tell(reply: Reply, writer: Writer) -> None:
        reply.say(Status.THINKING)
        writer.wake()
        await asyncio.sleep(10.0)
        reply.apply(ToolStarted("web_search"))
        writer.wake()
        await asyncio.sleep(10.0)
        reply.replace(_LONG)
        writer.wake()

    channel = _channel(streaming)
    run_virtually(_write(channel, tell, message_ids=["old"]))
    assert all(call.view.text for call in channel.calls)
    assert channel.standing["old"].text == _LONG


@pytest.mark.parametrize("streaming", [Streaming.STATUS, Streaming.NATIVE])
def test_where_a_page_grows_without_a_message_there_is_one_post_for_each_page(streaming: Streaming) -> None:
    channel = _channel(streaming, takes_drafts=True, page_size=700)
    run_virtually(_write(channel, _chunks(_LONG)))
    assert {call.name for call in channel.calls} == {"post"}
    assert all(call.view.final for call in channel.calls)
    assert " ".join(call.view.text for call in channel.calls).split() == _LONG.split()
    assert {view.number for view in (call.view for call in channel.drafts)} == {1, 2, 3, 4}


def test_a_draft_grows_and_never_goes_back() -> None:
    channel = _channel(Streaming.NATIVE, takes_drafts=True)
    run_virtually(_write(channel, _chunks(_LONG)))
    texts = [call.view.text for call in channel.drafts]
    assert len(texts) > 5
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))


def test_drafts_are_at_least_a_second_apart_and_count_with_the_posts() -> None:
    channel = _channel(Streaming.NATIVE, takes_drafts=True, page_size=700)
    run_virtually(_write(channel, _chunks(_LONG)))
    drafts = [call.at for call in channel.drafts]
    assert min(later - earlier for earlier, later in itertools.pairwise(drafts)) >= 1.0
    times = sorted(call.at for call in (*channel.drafts, *channel.calls))
    assert min(fourth - first for first, fourth in zip(times, times[3:], strict=False)) >= 3.3


def test_the_first_text_does_not_wait_behind_a_status() -> None:
    async def tell(reply: Reply, writer: Writer) -> None:
        reply.say(Status.THINKING)
        writer.wake()
        await asyncio.sleep(0.2)
        reply.apply(TextDelta("With these words the answer begins."))
        writer.wake()
        await asyncio.sleep(3.0)

    channel = _channel(Streaming.NATIVE, takes_drafts=True)
    channel.pacing = ChannelLimits(5.0, (), (), ())
    run_virtually(_write(channel, tell))
    assert [(call.view.text[:4], round(call.at, 1)) for call in channel.drafts] == [("", 0.0), ("With", 0.2)]


def test_a_draft_that_does_not_change_is_shown_again_before_it_goes() -> None:
    channel = _channel(Streaming.NATIVE, takes_drafts=True)
    run_virtually(_write(channel, _silence))
    times = [call.at for call in channel.drafts]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= DRAFT_AGAIN_S + 1 < _DRAFT_LIFE_S
    assert len(times) < 120 / DRAFT_AGAIN_S + 5


@pytest.mark.parametrize("streaming", [Streaming.STATUS, Streaming.NATIVE])
def test_where_a_draft_is_refused_the_reply_goes_on_in_a_message(streaming: Streaming) -> None:
    channel = _channel(streaming)
    run_virtually(_write(channel, _chunks(_LONG)))
    assert len(channel.drafts) == 1
    assert [call.name for call in channel.calls][:2] == ["post", "edit"]
    assert channel.standing["m1"].text == _LONG


def test_a_limit_of_a_budget_that_the_reply_has_not_is_waited_out() -> None:
    """S8: no call in the forbidden time, as where a stream has become a message that is edited."""
    channel = _channel(Streaming.NATIVE)
    channel.failures = [None, ChannelRateLimited(20.0, "another:scope")]
    run_virtually(_write(channel, _chunks(_LONG)))
    limited_at = channel.calls[1].at
    assert not [call for call in channel.calls[2:] if call.at < limited_at + 20.0]
    assert channel.text == _LONG


def test_a_draft_that_cannot_be_shown_holds_no_text_up() -> None:
    channel = _channel(Streaming.NATIVE, takes_drafts=True)
    channel.draft_failures = [ChannelUnavailable("down")] * 100
    run_virtually(_write(channel, _chunks(_LONG)))
    (posted,) = channel.calls
    assert posted.view.text == _LONG
    assert posted.at < len(_LONG) / 5 * 0.1 + 1.5
    assert 10 < len(channel.drafts) < 60


def test_a_place_that_is_gone_is_told_by_a_draft_too() -> None:
    """S14: the bot was blocked."""
    channel = _channel(Streaming.NATIVE, takes_drafts=True)
    channel.draft_failures = [PlaceGone("blocked")]
    with pytest.raises(ExceptionGroup) as caught:
        run_virtually(_write(channel, _chunks(_LONG)))
    assert caught.group_contains(PlaceGone)


def test_the_edits_that_end_pages_have_a_budget_of_their_own_where_the_channel_says_so() -> None:
    channel = _channel(Streaming.NATIVE, page_size=1000)
    edits, finals = Budget("fake:appends", 90, 60.0), Budget("fake:stops", 1, 100.0, keeps_room=False)
    channel.pacing = ChannelLimits(0.8, (), (edits,), finals=(finals,))
    run_virtually(_write(channel, _chunks(_LONG)))
    ended = [call.at for call in channel.calls if call.name == "edit" and call.view.final]
    assert len(ended) == 2
    assert all(later - earlier >= 100.0 for earlier, later in itertools.pairwise(ended))


@pytest.mark.parametrize(
    ("streaming", "takes_drafts", "drafted", "messages"),
    [
        (Streaming.EDIT, False, [], []),
        (Streaming.NATIVE, False, [english(Status.THINKING)], []),
        (Streaming.NATIVE, True, [english(Status.THINKING)], []),
        (Streaming.STATUS, True, [english(Status.THINKING)], []),
        (Streaming.STATUS, False, [english(Status.THINKING)], [english(Status.THINKING)]),
    ],
)
def test_a_message_says_thinking_only_where_a_status_line_was_asked_for(
    streaming: Streaming, *, takes_drafts: bool, drafted: list[str], messages: list[str]
) -> None:
    async def tell(reply: Reply, writer: Writer) -> None:
        reply.say(Status.THINKING)
        writer.wake()
        await asyncio.sleep(10.0)

    channel = _channel(streaming, takes_drafts=takes_drafts)
    run_virtually(_write(channel, tell))
    assert [call.view.status for call in channel.drafts] == drafted
    assert [call.view.status for call in channel.calls[:-1]] == messages


def test_a_status_never_takes_the_place_of_a_final_text() -> None:
    views = [
        PageView(text="whole", final=True),
        PageView(text="x" * 2400, source="x" * 2400, status="Now with Billing", number=2),
        PageView(text="y" * 100, number=3),
    ]
    shown = as_status(views)
    assert shown[0] is views[0]
    assert [(view.text, view.source, view.status) for view in shown[1:]] == [
        ("", "", "Now with Billing"),
        ("", "", "Writing… (2,500 characters)"),
    ]
    assert writing_status(english, 499) == "Writing…"
