"""One performance: from the bridge's start to the verdict."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console

from sandbox.bridge_process import NotReady
from sandbox.demo.backstage import Backstage
from sandbox.demo.checks import count_line, counted, wrong_ends, wrong_noise
from sandbox.demo.conversation import Conversation
from sandbox.demo.keyboard import typed_on
from sandbox.demo.options import Options
from sandbox.demo.people import cast
from sandbox.demo.plain import PlainLog
from sandbox.demo.play import Play, open_s
from sandbox.demo.screen import SMALLEST, Screen
from sandbox.demo.script import PARTS, responder
from sandbox.demo.story import Story
from sandbox.demo.summary import Verdict, print_next_steps, print_verdict
from sandbox.demo.transcript import print_transcript
from sandbox.demo.typing_line import TypingLine
from sandbox.log_file import logging_to
from sandbox.stage import Stage


async def perform(options: Options) -> int:
    """Give the whole performance; return the exit code. Cancelled, it leaves nothing behind."""
    console = Console() if sys.stdout.isatty() else Console(force_terminal=False, color_system=None)
    with (
        tempfile.TemporaryDirectory(prefix="tb-demo-", ignore_cleanup_errors=True) as folder,
        # Nothing may write into the picture.
        logging_to(Path(folder) / "stand-ins.log"),
    ):
        async with Stage(pace=options.pace) as stage:
            play = Play(stage, [], options.idle_timeout_s)
            backstage = Backstage(stage, options, Path(folder))
            try:
                verdict = await _play_to_the_end(play, backstage, options, console)
            finally:
                await backstage.clear_away()
            if _is_live(options, console) and verdict.facts:
                print_transcript(console, play)
            print_verdict(console, verdict, play.elapsed_s, _count_line(play), backstage.log)
            if console.is_terminal and not verdict.problems:
                print_next_steps(console, is_interactive=options.interactive)
            return verdict.exit_code


async def _play_to_the_end(play: Play, backstage: Backstage, options: Options, console: Console) -> Verdict:
    threads = cast(play.stage)
    play.threads = list(threads.values())
    line = TypingLine() if options.interactive else None
    has_left = False
    async with _view(play, options, console, line):
        play.note(play.phase)
        try:
            await backstage.start()
        except NotReady:
            return Verdict(["the bridge did not start"])
        play.note("The bridge is ready: the real one, with an embedded Redis of its own")
        if line is None:
            story = Story(play, threads, PARTS, options.pace)
            play.stage.talkifai.respond_with(responder())
            trouble = await backstage.while_it_lives(story.tell())
            judge = story.problems
        else:
            conversation = Conversation(play, threads, line)
            async with typed_on(sys.stdin.fileno()) as typed:
                trouble = await backstage.while_it_lives(conversation.hold(typed))
            judge, has_left = conversation.problems, conversation.has_left
        if trouble:
            return Verdict([trouble])
        if has_left:
            await backstage.clear_away()
            return Verdict(_wrong_noise(play), _facts_of_leaving(play))
        trouble = await backstage.stop()
    return Verdict([*judge(), *_wrong_sessions(play), *_wrong_noise(play), *filter(None, [trouble])], _facts(play))


@asynccontextmanager
async def _view(play: Play, options: Options, console: Console, line: TypingLine | None) -> AsyncIterator[None]:
    """Show the play while the block runs: live where the terminal can, else as a log."""
    view = Screen(play, console, line) if _is_live(options, console) else PlainLog(play)
    if _could_be_live(options, console) and not _is_live(options, console):
        needed, given = (f"{width} columns and {height} lines" for width, height in (SMALLEST, console.size))
        play.note(f"The live screen needs {needed}; this terminal has {given}: here is a log instead")
    async with asyncio.TaskGroup() as group:
        showing = group.create_task(view.run())
        try:
            yield
        finally:
            showing.cancel()


def _could_be_live(options: Options, console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal and not options.plain


def _is_live(options: Options, console: Console) -> bool:
    is_roomy = console.width >= SMALLEST[0] and console.height >= SMALLEST[1]
    return _could_be_live(options, console) and is_roomy


def _wrong_sessions(play: Play) -> list[str]:
    sessions = {f"{play.title_of(record)} ({record.id})": record for record in play.book.records}
    return wrong_ends(sessions, play.book.end_requests)


def _wrong_noise(play: Play) -> list[str]:
    slack, telegram = play.stage.slack, play.stage.telegram
    return wrong_noise([*slack.pings, *telegram.pings], [*slack.previews, *telegram.previews])


def _facts_of_leaving(play: Play) -> list[str]:
    after = f"after {play.idle_timeout_s:g} s of silence"
    return [
        "no one was pinged, no link preview was loaded",
        f"you left at once: what is left open would have been ended by the bridge {after} (/done waits for that)",
    ]


def _facts(play: Play) -> list[str]:
    records = play.book.records
    shown = [(len([seen for seen in thread.seen() if seen.is_bot]), thread) for thread in play.threads]
    questions = sum(len(record.posted) for record in records)
    messages, edits = sum(count for count, _ in shown), sum(seen.edits for _, one in shown for seen in one.seen())
    facts = [
        f"{counted(questions, 'question')}, {counted(questions, 'reply')}, each equal to the agent's text",
        f"{counted(messages, 'message')} posted, {counted(edits, 'edit')} made while the agent was writing",
        "no one was pinged, no link preview was loaded",
        "each session was ended once: " + ", ".join(f"{open_s(record):.0f} s" for record in records),
    ]
    return facts if questions else []


def _count_line(play: Play) -> str:
    return count_line(play.book.opened, play.book.ended, play.book.open_now)
