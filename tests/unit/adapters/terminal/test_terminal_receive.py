import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.terminal.input import Lines, keys_unseen, read_line
from bridge.domain.incoming import CommandName, Question, Stop
from bridge.domain.threads import Person, ThreadKey
from tests.wishes import Kind, kind_of

THREAD = ThreadKey("terminal", "ada@box", "chat")
ADA = Person("ada", "ada")


def read(line: str) -> Question:
    question = read_line(line, THREAD, ADA, 12.5)
    assert isinstance(question, Question)
    return question


def test_a_line_is_a_question() -> None:
    question = read("  what is this? \r")
    assert (question.text, question.origin.asked_at) == ("what is this?", 12.5)
    assert question.thread == THREAD
    assert question.address.place == "chat"
    assert question.person == ADA
    assert question.origin.dedupe_keys == (question.id,)


def test_two_equal_lines_are_two_questions() -> None:
    assert read("again").id != read("again").id


@pytest.mark.parametrize("line", ["", "   ", "\r", "\t", "\u200b", "\u3164 \u2800"])
def test_a_blank_line_is_no_question(line: str) -> None:
    assert read_line(line, THREAD, ADA, 0) is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/new", CommandName.NEW),
        (" /END ", CommandName.END),
        ("/help", CommandName.HELP),
        ("/start", CommandName.START),
        ("/status", CommandName.STATUS),
        ("/retry", CommandName.RETRY),
        ("/stop", Stop),
        ("stop", Stop),
        (" Help\r", CommandName.HELP),
        ("STATUS", CommandName.STATUS),
        ("end", CommandName.END),
        ("start", Question),
        ("stop it", Question),
        ("//stop", Question),
    ],
)
def test_a_command_is_a_line_of_its_own_with_or_without_a_slash(line: str, kind: Kind) -> None:
    wish = read_line(line, THREAD, ADA, 0)
    assert wish is not None
    assert kind_of(wish) is kind


def test_a_question_may_begin_with_a_slash() -> None:
    assert read("/etc/hosts is what?").text == "/etc/hosts is what?"
    assert read("/new things please").text == "/new things please"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test closed it


async def test_lines_come_one_by_one_and_then_none(pipe: tuple[int, int]) -> None:
    out, into = pipe
    os.write(into, "one\nzwei ü\n\nlast".encode())
    os.close(into)
    lines = Lines(out)
    assert [await lines.next() for _ in range(6)] == ["one", "zwei ü", "", "last", None, None]


async def test_a_line_may_come_in_pieces_that_cut_a_sign(pipe: tuple[int, int]) -> None:
    out, into = pipe
    lines = Lines(out)
    waiting = asyncio.ensure_future(lines.next())
    for piece in (b"gr\xc3", b"\xbc", b"n\n"):
        await asyncio.sleep(0)
        os.write(into, piece)
    assert await asyncio.wait_for(waiting, 5) == "grün"


async def test_bytes_that_are_no_text_do_no_harm(pipe: tuple[int, int]) -> None:
    """D13: bad UTF-8 becomes replacement signs."""
    out, into = pipe
    os.write(into, b"a\xff\xfeb\n")
    assert await Lines(out).next() == "a\ufffd\ufffdb"


async def test_an_endless_line_is_cut_and_the_next_one_is_whole(tmp_path: Path) -> None:
    """D13: 5 MB without a line break take no more memory than the bound."""
    path = tmp_path / "long"
    path.write_bytes(b"a" * 5_000_000 + b"\nnext\n")
    with path.open("rb", buffering=0) as file:
        lines = Lines(file.fileno())
        first = await lines.next()
        assert first is not None
        assert len(first) == 65_536
        assert await lines.next() == "next"
        assert await lines.next() is None


async def test_waiting_for_a_line_can_be_cancelled_and_tried_again(pipe: tuple[int, int]) -> None:
    out, into = pipe
    lines = Lines(out)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lines.next(), 0.01)
    os.write(into, b"still here\n")
    assert lines.are_waiting()
    assert await lines.next() == "still here"
    assert not lines.are_waiting()


async def test_a_closed_input_is_the_end(pipe: tuple[int, int]) -> None:
    out, _ = pipe
    os.close(out)
    lines = Lines(out)
    assert not lines.is_terminal
    assert not lines.are_waiting()
    assert await lines.next() is None


def test_hiding_keys_where_there_is_no_terminal_does_nothing(pipe: tuple[int, int]) -> None:
    with keys_unseen(pipe[0]):
        assert not Lines(pipe[0]).is_terminal
