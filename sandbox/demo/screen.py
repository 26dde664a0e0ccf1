"""The live screen: Slack on the left, Telegram on the right, the sessions and their clocks below."""

import asyncio

from rich.console import Console, ConsoleOptions, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from sandbox.demo.checks import counted
from sandbox.demo.lines import Lines, Row
from sandbox.demo.people import BOT, Service, Thread
from sandbox.demo.play import Play, open_s
from sandbox.demo.typing_line import TYPING_HEIGHT, TypingLine

SMALLEST = (64, 20)
"""Columns and lines; on less, the plain log reads better."""
_FRAMES_PER_S = 10
_SESSIONS_SHOWN = 5
_SHORTEST_LINE = 4
_WIDE = 110
_BAR_MOST = 30
_SIGN_STYLE, _TITLE_STYLE, _COUNT_STYLE = Style(dim=True, italic=True), Style(bold=True), Style(dim=True)
_COLOURS: dict[Service, str] = {"Slack": "magenta", "Telegram": "bright_blue"}


class Screen:
    """Draws the play until it is cancelled.

    Args:
        typing: The line that the user types in; None without one.
    """

    def __init__(self, play: Play, console: Console, typing: TypingLine | None = None) -> None:
        self._play = play
        self._console = console
        self._typing = typing
        self._lines = Lines(console)

    async def run(self) -> None:
        """Draw on the terminal's second screen; the first one comes back at the end."""
        with Live(self.frame(), console=self._console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(self.frame(), refresh=True)
                await asyncio.sleep(1 / _FRAMES_PER_S)

    def frame(self) -> Layout:
        """Return the whole screen as it should look now."""
        whole, body = Layout(), Layout(name="body")
        body.split_row(*(Layout(_Side(self._play, service, self._lines)) for service in _COLOURS))
        parts = [Layout(self._headline(), size=1), body, Layout(self._sessions(), size=_SESSIONS_SHOWN + 2)]
        if self._typing is not None:
            parts.append(Layout(self._typing.shown(self._console.width), size=TYPING_HEIGHT))
        whole.split_column(*parts)
        return whole

    def _headline(self) -> Table:
        seconds = int(self._play.elapsed_s)
        line = Table.grid(expand=True)
        line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        line.add_column(no_wrap=True, justify="right")
        line.add_row(
            Text.assemble((" TalkifAI bridge ", "reverse bold"), " ", (self._play.phase, "bold")),
            Text(f"{seconds // 60}:{seconds % 60:02d} ", "bold"),
        )
        return line

    def _sessions(self) -> Table:
        book = self._play.book
        total = sum(open_s(record) for record in book.records)
        is_wide = self._console.width >= _WIDE
        table = Table(box=None, expand=True, header_style="dim", pad_edge=True, padding=(0, 1))
        table.add_column("TalkifAI", no_wrap=True, width=8)
        table.add_column("open for", no_wrap=True, justify="right", width=8)
        table.add_column("session of", no_wrap=True, overflow="ellipsis", ratio=3)
        table.add_column("who", no_wrap=True, overflow="ellipsis", ratio=2)
        table.add_column("questions", no_wrap=True, justify="right", width=9)
        if is_wide:
            table.add_column("a second each", no_wrap=True, width=_BAR_MOST)
        for record in book.records[-_SESSIONS_SHOWN:]:
            is_open = record.ended_at is None
            seconds = open_s(record)
            row = [
                Text("● open", "bold green") if is_open else Text("■ ended", "dim"),
                Text(f"{seconds:.1f} s", "bold green" if is_open else "dim"),
                Text(self._play.title_of(record), "" if is_open else "dim"),
                Text(record.user_identifier, "" if is_open else "dim"),
                Text(str(len(record.posted)), "" if is_open else "dim"),
            ]
            if is_wide:
                row.append(Text("━" * min(_BAR_MOST, int(seconds) + 1), "green" if is_open else "dim"))
            table.add_row(*row)
        for _ in range(_SESSIONS_SHOWN - min(_SESSIONS_SHOWN, book.opened)):
            table.add_row("")
        counts = f"{book.open_now} open · {book.ended} ended · {total:.0f} s in all"
        table.caption, table.caption_justify, table.caption_style = f" {counts}", "left", "bold"
        return table


class _Side:
    """One service: its threads share the height, each with its newest lines."""

    def __init__(self, play: Play, service: Service, lines: Lines) -> None:
        self._threads = [thread for thread in play.threads if thread.service == service]
        self._service: Service = service
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = (options.height or console.height) - 2
        width = options.max_width - 4
        rows: list[Row] = []
        # Where there are more threads than fit, the newest ones are worth seeing.
        threads = self._threads[-max(1, height // 3) :]
        for number, thread in enumerate(threads):
            share = (height - len(rows)) // (len(threads) - number)
            rows += self._thread_rows(thread, width, share)
        colour = _COLOURS[self._service]
        yield Panel(_Rows(rows), title=f"[bold]{self._service}", border_style=colour, height=height + 2)

    def _thread_rows(self, thread: Thread, width: int, height: int) -> list[Row]:
        seen = thread.seen()
        waits = bool(seen) and not seen[-1].is_bot
        sign = thread.activity() if waits else ""
        room = height - 1 - bool(sign)
        rows = [_title_row(thread, width), *self._lines.newest(self._service, seen, width, room)]
        if sign:
            rows.append([Segment(f"{BOT} {sign}"[:width], _SIGN_STYLE)])
        return [*rows, *([Segment("")] for _ in range(height - len(rows)))]


def _title_row(thread: Thread, width: int) -> Row:
    """Return the thread's name, and how often the bot has posted and edited in it."""
    ours = [message for message in thread.seen() if message.is_bot]
    edits = sum(message.edits for message in ours)
    counts = f" {len(ours)} sent, {counted(edits, 'edit')}" if ours else ""
    if len(thread.title) + len(counts) > width - _SHORTEST_LINE:
        counts = f" {counted(edits, 'edit')}" if ours else ""
    name = thread.title[: max(0, width - len(counts) - 3)]
    line = "─" * max(0, width - len(name) - len(counts) - 2)
    return [Segment(f"{name} ", _TITLE_STYLE), Segment(f"{line}{counts}", _COUNT_STYLE)]


class _Rows:
    """Lines that are rendered already."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row in self._rows:
            yield from row
            yield Segment.line()
