"""The demo as people run it: a real process, on a pipe or on a terminal."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.demo.checks import (
    Asked,
    Told,
    count_line,
    is_whole,
    wrong_conversations,
    wrong_noise,
    wrong_replies,
)
from sandbox.demo.lines import Lines
from sandbox.demo.people import Seen, cast
from sandbox.demo.plain import excerpt
from sandbox.demo.play import Play
from sandbox.demo.screen import Screen
from sandbox.demo.script import PARTS, unnamed
from sandbox.demo.typing_line import QUIT, TAB, TypingLine
from sandbox.stage import Stage

pytestmark = pytest.mark.scenario

ROOT = Path(__file__).parents[2]
QUICK = ("--pace", "0.25")
LAST_LINE = "5 sessions opened · 5 ended · 0 left open"


async def start_demo(folder: Path, *arguments: str, terminal: int | None = None) -> asyncio.subprocess.Process:
    """Start the demo with its output on a pipe, or all on a terminal. `folder` takes its temporary files."""
    known = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sandbox.demo", *arguments),
        cwd=ROOT,
        env={**known, "TMPDIR": str(folder), "TERM": "xterm-256color"},
        stdin=asyncio.subprocess.PIPE if terminal is None else terminal,
        stdout=asyncio.subprocess.PIPE if terminal is None else terminal,
        stderr=asyncio.subprocess.STDOUT if terminal is None else terminal,
        start_new_session=True,
    )


async def run_demo(folder: Path, *arguments: str, typed: str = "") -> tuple[int, list[str]]:
    """Run the demo on a pipe; return exit code and lines."""
    process = await start_demo(folder, *arguments)
    try:
        output, _ = await asyncio.wait_for(process.communicate(typed.encode()), 55)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()
    return await process.wait(), output.decode().splitlines()


def processes_of(folder: Path) -> list[str]:
    """Return what runs with the folder in its command line or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            told = (entry / "cmdline").read_bytes() + b" " + (entry / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in told:
            found.append(f"{entry.name}: {told[:80]!r}")
    return found


def nothing_is_left(folder: Path) -> bool:
    """Say whether every process of the demo is gone, waiting a little for the system to notice."""
    deadline = time.monotonic() + 5
    while processes_of(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return list(folder.iterdir()) == []


async def test_the_demo_tells_its_story_and_ends_with_the_count(short_tmp_path: Path) -> None:
    code, lines = await run_demo(short_tmp_path, *QUICK)
    assert (code, lines[-1]) == (0, LAST_LINE), "\n".join(lines)
    told = "\n".join(lines)
    assert "7 questions, 7 replies, each equal to the agent's text" in told
    assert "Looking that up: search logs…" in told
    assert "Now with Billing Agent" in told
    assert "TalkifAI goes on in another message" in told
    assert "\x1b" not in told
    assert told.count(" ended after ") == 5
    assert nothing_is_left(short_tmp_path)


async def test_a_demo_in_which_no_session_can_be_ended_says_so_and_fails(short_tmp_path: Path) -> None:
    code, lines = await run_demo(short_tmp_path, *QUICK, "--fault", "end")
    assert code == 1
    assert "5 sessions opened · 0 ended · 5 left open" in lines
    assert "✗ Slack · #sales, thread" in "\n".join(lines)
    assert "was never ended" in lines[-1]
    assert any("a session could not be ended yet" in line for line in lines)
    assert nothing_is_left(short_tmp_path)


async def test_a_bridge_that_cannot_start_is_shown_with_its_last_words(short_tmp_path: Path) -> None:
    code, lines = await run_demo(short_tmp_path, *QUICK, "--fault", "start")
    assert (code, lines[-1]) == (1, "✗ the bridge did not start")
    assert any("SLACK_BOT_TOKEN" in line for line in lines)
    assert nothing_is_left(short_tmp_path)


async def test_a_bridge_that_dies_is_noticed_and_its_redis_is_stopped(short_tmp_path: Path) -> None:
    code, lines = await run_demo(short_tmp_path, *QUICK, "--fault", "crash")
    assert (code, lines[-1]) == (1, "✗ the bridge ended by itself, with code -9")
    assert nothing_is_left(short_tmp_path)


async def test_what_is_typed_is_asked_on_both_services(short_tmp_path: Path) -> None:
    typed = "s: hello from slack\nt: hello from telegram\nn: another thread\n/done\n"
    code, lines = await run_demo(short_tmp_path, "--interactive", "--idle", "2", typed=typed)
    assert (code, lines[-1]) == (0, "3 sessions opened · 3 ended · 0 left open"), "\n".join(lines)
    assert any("Slack · #support, thread 2 · TalkifAI: You asked: another thread" in line for line in lines)


async def test_quit_leaves_at_once_and_says_what_is_left_open(short_tmp_path: Path) -> None:
    code, lines = await run_demo(short_tmp_path, "--interactive", "--idle", "600", typed="s: long 9000\n/quit\n")
    assert code == 0
    assert any("you left at once" in line for line in lines), "\n".join(lines)
    assert nothing_is_left(short_tmp_path)


def terminal_of(columns: int, lines: int) -> tuple[int, int]:
    """Both ends of a terminal: ours, and the demo's."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    return ours, theirs


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal of 80 columns and 24 lines: ours, and the demo's."""
    ours, theirs = terminal_of(80, 24)
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


async def test_ctrl_c_on_the_live_screen_stops_everything(short_tmp_path: Path, terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    process = await start_demo(short_tmp_path, terminal=theirs)
    screen = bytearray()
    is_live = asyncio.Event()

    def read() -> None:
        screen.extend(os.read(ours, 65536))
        if "● open".encode() in screen:
            is_live.set()

    asyncio.get_running_loop().add_reader(ours, read)
    try:
        await asyncio.wait_for(is_live.wait(), 20)
        assert len(processes_of(short_tmp_path)) >= 2
        # Twice: the second must not leave anything behind.
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(process.wait(), 15)
    finally:
        asyncio.get_running_loop().remove_reader(ours)
    before, _, after = bytes(screen).partition(b"\x1b[?1049l")
    assert code == 130
    assert b"\x1b[?1049h" in before
    rest = after + (os.read(ours, 65536) if b"Stopped" not in after else b"")
    assert rest.decode().strip().endswith("Stopped: nothing is left running.")
    assert nothing_is_left(short_tmp_path)


async def play_on_a_terminal(folder: Path, columns: int, lines: int, typed: bytes) -> str:
    """Run the interactive demo on a terminal of that size until it ends; return all that it wrote."""
    ours, theirs = terminal_of(columns, lines)
    process = await start_demo(folder, "--interactive", "--idle", "2", terminal=theirs)
    os.close(theirs)
    screen, is_ready = bytearray(), asyncio.Event()

    def read() -> None:
        try:
            screen.extend(os.read(ours, 65536))
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(ours)
        if b"Ada" in screen or b"Your turn" in screen:
            is_ready.set()

    asyncio.get_running_loop().add_reader(ours, read)
    try:
        await asyncio.wait_for(is_ready.wait(), 30)
        os.write(ours, typed)
        assert await asyncio.wait_for(process.wait(), 45) == 0
        await asyncio.sleep(0.1)
    finally:
        if process.returncode is None:
            process.kill()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
    return screen.decode(errors="replace")


async def test_after_the_live_screen_the_transcript_and_the_next_steps_stay(short_tmp_path: Path) -> None:
    pasted = b"\x1b[200~hand me over,\rplease\x1b[201~\r"
    written = await play_on_a_terminal(short_tmp_path, 80, 24, pasted + b"/done\r")
    _, _, after = written.partition("\x1b[?1049l")
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", after)
    assert "Hello, this is billing. How can I help?" in plain
    assert "1 question, 1 reply" in plain
    assert [word in plain for word in ("Next:", "make playground", "make demo", "make run")] == [True] * 4
    assert "_Now with" not in plain
    assert written.count("\x1b[?2004h") == written.count("\x1b[?2004l") == 1


async def test_a_terminal_that_is_too_small_is_told_what_is_needed(short_tmp_path: Path) -> None:
    written = await play_on_a_terminal(short_tmp_path, 50, 12, b"/quit\r")
    assert "needs 64 columns and 20 lines; this terminal has 50 columns and 12 lines" in written.replace("\r\n", "")


async def test_on_80_columns_and_24_lines_it_stands_there_what_to_type() -> None:
    line = TypingLine()
    line.place = "Grace ▸ Slack, direct message"
    line.feed("a long question " * 20)
    console = Console(width=80, height=24, color_system=None)
    async with Stage() as stage:
        play = Play(stage, list(cast(stage).values()), 6.0)
        rows = console.render_lines(Screen(play, console, line).frame(), console.options.update(height=24))
    shown = ["".join(segment.text for segment in row).rstrip() for row in rows]
    assert len(shown) == 24
    assert shown[-3].endswith("question ▏")
    assert shown[-2].strip().startswith("s d t g: choose a place")
    assert shown[-2].strip().endswith("/quit")
    assert shown[-1].strip().startswith("say: tool, hand me over")


def test_buttons_are_drawn_below_a_message() -> None:
    console = Console(width=40, color_system=None)
    message = Seen("1", "TalkifAI", is_bot=True, text="Here **you** are.", buttons=("Stop", "⋯"))
    rows = Lines(console).newest("Slack", [message], 40, 9)
    assert ["".join(segment.text for segment in row).rstrip() for row in rows] == [
        "▎ Here you are.",
        "▎ [ Stop ] [ ⋯ ]",
    ]


def test_the_log_shows_words_without_marks() -> None:
    assert excerpt("Slack", "Hello!\n\n_Now with Billing Agent_") == "Hello! Now with Billing Agent"
    assert excerpt("Telegram", "2 * 3 * 4") == "2 * 3 * 4"


# ------------------------------------------------------------ the checks can fail


def told(*shown: Seen) -> Told:
    return Told("#a", [Asked("why?", "**Because** of [this](https://x.example).")], shown, [])


QUESTION = Seen("1", "Ada", is_bot=False, text="@TalkifAI why?")
REPLY = Seen("2", "TalkifAI", is_bot=True, text="Because of this.")


def test_a_reply_that_reads_like_the_agents_text_is_right() -> None:
    assert wrong_replies(told(QUESTION, REPLY)) == []


@pytest.mark.parametrize(
    "shown",
    [
        (QUESTION,),
        (QUESTION, REPLY, REPLY),
        (QUESTION, Seen("2", "TalkifAI", is_bot=True, text="Because of th")),
        (QUESTION, Seen("2", "TalkifAI", is_bot=True, text="Because of this. Looking that up…")),
        (),
    ],
    ids=["none", "twice", "cut", "status left", "never asked"],
)
def test_a_reply_that_is_not_the_agents_text_is_wrong(shown: tuple[Seen, ...]) -> None:
    assert len(wrong_replies(told(*shown))) == 1


def test_a_reply_over_several_messages_is_read_as_one() -> None:
    answer = PARTS[3].lines[0].answer.text
    middle = answer.index("## Week 5")
    pages = [
        Seen("1", "TalkifAI", is_bot=True, text=answer[:middle]),
        Seen("2", "TalkifAI", is_bot=True, text=answer[middle:]),
    ]
    assert is_whole(Asked("", answer), pages)
    assert not is_whole(Asked("", answer), pages[:1])
    assert not is_whole(Asked("", answer), [pages[1], pages[0]])


def test_no_session_for_a_thread_is_wrong() -> None:
    assert wrong_conversations(told(QUESTION, REPLY)) == ["#a: 0 sessions were opened instead of 1"]


def test_pings_and_previews_are_wrong() -> None:
    assert wrong_noise(["<!channel>"], ["see x"]) == [
        "the bot pinged <!channel>",
        "a link preview was loaded for “see x”",
    ]


def test_one_session_is_counted_in_the_singular() -> None:
    assert count_line(1, 1, 0) == "1 session opened · 1 ended · 0 left open"


def test_keys_are_edited_into_lines() -> None:
    line = TypingLine()
    assert line.feed("helo\x7flo\n") == ["hello"]
    assert line.feed("wrong\x15t: right\x1b[5~ words\x17\t") == [TAB]
    assert line.text == "t: right"
    assert line.feed("\r") == ["t: right"]
    assert line.feed("\x04") == [QUIT]


def test_arrow_keys_move_in_the_line_and_bring_back_earlier_ones() -> None:
    line = TypingLine()
    assert line.feed("helo\x1b[D") == []
    assert line.feed("l\x1b[H>\x1b[F!\r") == [">hello!"]
    assert line.feed("second\r\x1b[A\x1b[A") == ["second"]
    assert line.text == ">hello!"
    line.feed("\x1b[B\x1b[B")
    assert line.text == ""
    line.feed("ab\x1b[D\x1b[3~\x1b")
    assert (line.text, line.feed("[D_\r")) == ("a", ["_a"])


def test_a_paste_of_several_lines_is_one_question() -> None:
    line = TypingLine()
    assert line.feed("\x1b[200~one\rtwo\nthree\x1b[201~") == []
    assert "one⏎two⏎three" in line.shown().plain
    assert line.feed("\r") == ["one\ntwo\nthree"]


def test_a_speakers_name_and_id_are_taken_away() -> None:
    assert unnamed("Linus (U0LINUS): and now?") == "and now?"
    assert unnamed("Linus: and now?") == "and now?"
    assert unnamed("Note: and now?") == "Note: and now?"
