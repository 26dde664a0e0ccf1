"""The screen: replies grow in a live region at the bottom and are printed for good once their page is final.

Where standard output is no terminal, or one that cannot move its cursor, nothing is drawn: each page is printed
once, as text, when it is final. Pages are printed in the order in which they were posted.
"""

import atexit
import io
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from adapters.terminal.markdown import Tail, harmless, plain, recent, renderable
from bridge.domain.errors import MessageGone, PlaceGone
from bridge.domain.pages import PageView
from bridge.runtime.bounded_dict import BoundedDict

PROMPT = "you > "
_THINKING = Text("…", style="dim")
_MOST_REMEMBERED = 64
"""Printed pages that are still known, so that showing one again as it is does no harm."""


@contextmanager
def _terminal_errors() -> Iterator[None]:
    """Translate: a terminal that was closed, or a reader of a pipe that went away, raises `PlaceGone`."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: the file object is closed
        raise PlaceGone("the terminal is gone") from error


class Screen:
    """What is on standard output. Raises `PlaceGone` when that is closed."""

    def __init__(self, out: TextIO) -> None:
        self.draws = _can_draw(out)
        """True where replies are seen growing."""
        if isinstance(out, io.TextIOWrapper):
            # A sign that the terminal's encoding lacks becomes a question mark instead of an error.
            out.reconfigure(errors="replace")
        self._out = out
        self._console = Console(file=out, force_terminal=self.draws, highlight=False)
        self._live: Live | None = None
        self._open: dict[str, PageView] = {}
        self._printed: BoundedDict[str, PageView] = BoundedDict(_MOST_REMEMBERED)
        self._thinking = False
        self._prompting = False

    @property
    def is_settled(self) -> bool:
        """True when no page on the screen will still change."""
        return not self._open

    def post(self, view: PageView) -> str:
        """Show a new page and return its id, which no other run of the bridge will give again."""
        message_id = uuid.uuid4().hex
        with _terminal_errors():
            self._leave_behind(view)
            self._open[message_id] = view
            self._show()
        return message_id

    def edit(self, message_id: str, view: PageView) -> None:
        """Make a page look like `view`. Raises `MessageGone` for one that is printed or was never here."""
        if self._printed.get(message_id) == view:
            return
        if message_id not in self._open:
            raise MessageGone("the page is printed already, or belongs to an earlier run")
        with _terminal_errors():
            self._open[message_id] = view
            self._show()

    def think(self) -> None:
        """Show that the agent is at work, until its first text comes."""
        if self.draws and not self._open and not self._thinking and not self._prompting:
            with _terminal_errors():
                self._thinking = True
                self._draw()

    def prompt(self) -> None:
        """Invite the person to write."""
        if self.draws:
            with _terminal_errors():
                self._thinking = False
                self._prompting = True
                self._draw()
                self._write_prompt()

    def taken(self, unseen: str | None = None) -> None:
        """The person has written, or will not any more.

        Args:
            unseen: The line, where the terminal itself did not show it.
        """
        was_prompting, self._prompting = self._prompting, False
        if was_prompting and unseen is not None:
            with _terminal_errors():
                self._write(harmless(unseen) + "\n")

    def say(self, sentence: str) -> None:
        """Print a line of the bridge's own, if a person reads the output."""
        if self.draws:
            with _terminal_errors():
                self._console.print(Text(sentence, style="dim"))

    def close(self) -> None:
        """Print what is still open as it stands and give the cursor back. May be called again."""
        with _terminal_errors():
            self._prompting = self._thinking = False
            self._finish(list(self._open))

    def _leave_behind(self, view: PageView) -> None:
        """Drop the page that this one replaces; finish those of a turn that is over."""
        replaced = [
            message_id
            for message_id, old in self._open.items()
            if (old.turn_id, old.number) == (view.turn_id, view.number) and not old.final
        ]
        for message_id in replaced:
            del self._open[message_id]
        self._finish([message_id for message_id, old in self._open.items() if old.turn_id != view.turn_id])

    def _show(self) -> None:
        """Print the pages that are final and have none before them that is not; draw the others."""
        self._thinking = False
        done = []
        for message_id, view in self._open.items():
            if not view.final:
                break
            done.append(message_id)
        self._finish(done)

    def _finish(self, message_ids: list[str]) -> None:
        if message_ids:
            self._erase()
        for message_id in message_ids:
            view = self._open.pop(message_id)
            self._printed[message_id] = view
            self._print(replace(view, status=""))
        self._draw()
        if message_ids and self._prompting and not self._open:
            self._write_prompt()

    def _print(self, view: PageView) -> None:
        if self.draws:
            self._console.print(renderable(view), Text())
        else:
            self._write(plain(view) + "\n")

    def _draw(self) -> None:
        """Make the live region show what is open, or take it away."""
        if not self.draws:
            return
        parts: list[RenderableType] = [
            renderable(replace(view, text=recent(view.text))) for view in self._open.values()
        ]
        if not parts and self._thinking:
            parts = [_THINKING]
        if not parts:
            self._erase()
            return
        if self._live is None:
            self._start_live()
        if self._live is not None:
            self._live.update(Tail(Group(*parts)), refresh=True)

    def _start_live(self) -> None:
        if self._prompting:
            self._write("\n")
        # Log lines are put above the region instead of into it, unless they go somewhere else.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=sys.stderr.isatty(),
        )
        self._live.start()
        atexit.register(self._erase_quietly)

    def _erase(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            atexit.unregister(self._erase_quietly)
            live.update("")
            live.stop()

    def _erase_quietly(self) -> None:
        """Give the cursor back when the process ends in the middle of a reply."""
        try:
            self._erase()
        except (OSError, ValueError):
            return  # the terminal is gone, and its cursor with it

    def _write_prompt(self) -> None:
        self._write(PROMPT)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _can_draw(out: TextIO) -> bool:
    """Say whether this is a terminal that can move its cursor."""
    try:
        is_terminal = out.isatty()
    except ValueError:  # closed
        return False
    return is_terminal and os.environ.get("TERM", "").lower() not in {"", "dumb", "unknown"}
