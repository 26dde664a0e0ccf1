"""When the next question is read, with the core played by the test."""

import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest

from adapters.terminal import TerminalChannel
from adapters.terminal import channel as adapter
from bridge.domain.errors import PlaceGone, StoreUnavailable
from bridge.domain.incoming import Incoming, IntakeResult
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from tests.wishes import words_of


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    out, into = os.pipe()
    yield out, into
    for end in (out, into):
        with suppress(OSError):
            os.close(end)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_QUIET_S", 0.02)
    monkeypatch.setattr(adapter, "_STORE_RETRY_S", 0.01)


async def run(channel: TerminalChannel, accept: Callable[[Incoming], Awaitable[IntakeResult]]) -> list[str]:
    said: list[str] = []
    await asyncio.wait_for(channel.receive(accept, said.append), 20)
    return said


def written(into: int, text: str) -> None:
    os.write(into, text.encode())
    os.close(into)


async def test_the_next_question_is_read_when_the_answer_is_whole(pipe: tuple[int, int]) -> None:
    written(pipe[1], "one\ntwo\n/quit\nthree\n")
    out = io.StringIO()
    channel = TerminalChannel(stdin=pipe[0], stdout=out, user="ada", host="box", now=lambda: 7.0)
    shown_before: dict[str, str] = {}

    async def accept(incoming: Incoming) -> IntakeResult:
        shown_before[words_of(incoming)] = out.getvalue()
        final = PageView(text=f"re {words_of(incoming)}", final=True, turn_id=incoming.id)
        await channel.post(incoming.address, final)
        return IntakeResult.ACCEPTED

    assert await run(channel, accept) == ["Terminal: ada at box can ask"]
    assert shown_before == {"one": "", "two": "re one\n"}
    assert out.getvalue() == "re one\nre two\n"


async def test_the_answer_to_another_turn_does_not_count(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6: a turn taken up after a restart answers before the new question does."""
    monkeypatch.setattr(adapter, "_SILENT_S", 10.0)
    written(pipe[1], "new\n")
    channel = TerminalChannel(stdin=pipe[0], stdout=io.StringIO(), user="ada", host="box")
    asked: asyncio.Queue[Incoming] = asyncio.Queue()

    async def accept(incoming: Incoming) -> IntakeResult:
        await channel.post(incoming.address, PageView(text="old answer", final=True, turn_id="old"))
        asked.put_nowait(incoming)
        return IntakeResult.ACCEPTED

    running = asyncio.ensure_future(run(channel, accept))
    question = await asyncio.wait_for(asked.get(), 10)
    done, _ = await asyncio.wait({running}, timeout=0.2)
    assert not done
    await channel.post(question.address, PageView(text="new answer", final=True, turn_id=question.id))
    await running


async def test_an_answer_that_never_comes_is_not_waited_for_for_ever(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_SILENT_S", 0.05)
    written(pipe[1], "one\ntwo\n")
    channel = TerminalChannel(stdin=pipe[0], stdout=io.StringIO(), user="ada", host="box")
    texts: list[str] = []

    async def accept(incoming: Incoming) -> IntakeResult:
        texts.append(words_of(incoming))
        return IntakeResult.ACCEPTED

    await run(channel, accept)
    assert texts == ["one", "two"]


async def test_a_refused_question_is_not_waited_for(pipe: tuple[int, int]) -> None:
    written(pipe[1], "one\n")
    channel = TerminalChannel(stdin=pipe[0], stdout=io.StringIO(), user="ada", host="box")

    async def accept(incoming: Incoming) -> IntakeResult:
        del incoming
        return IntakeResult.FULL

    await run(channel, accept)


async def test_a_question_that_cannot_be_kept_is_offered_again(pipe: tuple[int, int]) -> None:
    """P1: Redis is down when a question is typed."""
    written(pipe[1], "one\n")
    channel = TerminalChannel(stdin=pipe[0], stdout=io.StringIO(), user="ada", host="box")
    offered: list[str] = []

    async def accept(incoming: Incoming) -> IntakeResult:
        offered.append(incoming.id)
        if len(offered) < 3:
            raise StoreUnavailable("down")
        await channel.post(incoming.address, PageView(text="a", final=True, turn_id=incoming.id))
        return IntakeResult.ACCEPTED

    await run(channel, accept)
    assert len(offered) == 3
    assert len(set(offered)) == 1


async def test_no_more_questions_are_read_when_the_output_is_gone(pipe: tuple[int, int]) -> None:
    """S14: the reader of a pipe went away."""
    written(pipe[1], "one\ntwo\n")
    out = io.StringIO()
    channel = TerminalChannel(stdin=pipe[0], stdout=out, user="ada", host="box")
    texts: list[str] = []

    async def accept(incoming: Incoming) -> IntakeResult:
        texts.append(words_of(incoming))
        out.close()
        with pytest.raises(PlaceGone):
            await channel.post(incoming.address, PageView(text="a", final=True, turn_id=incoming.id))
        return IntakeResult.ACCEPTED

    await run(channel, accept)
    assert texts == ["one"]
    await channel.show_activity(channel_address(channel))
    channel.close()


async def test_cancelling_stops_the_reading_and_replies_still_end(pipe: tuple[int, int]) -> None:
    out = io.StringIO()
    channel = TerminalChannel(stdin=pipe[0], stdout=out, user="ada", host="box")

    async def accept(incoming: Incoming) -> IntakeResult:
        raise AssertionError(incoming)

    running = asyncio.ensure_future(channel.receive(accept, lambda _: None))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await channel.post(channel_address(channel), PageView(text="late", final=True, turn_id="q"))
    assert out.getvalue() == "late\n"


def channel_address(channel: TerminalChannel) -> Address:
    return Address(channel.thread.account, channel.thread.place)
