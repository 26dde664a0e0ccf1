"""What was said, printed when the live screen has gone: else nothing of it would be left."""

from rich.console import Console
from rich.text import Text

from sandbox.demo.lines import Lines
from sandbox.demo.play import Play

_MOST_LINES = 14
"""Of one thread: the newest."""


def print_transcript(console: Console, play: Play) -> None:
    """Print the end of each thread in which something was said."""
    lines = Lines(console)
    for thread in play.threads:
        seen = thread.seen()
        if not seen:
            continue
        rows = lines.newest(thread.service, seen, console.width, _MOST_LINES)
        console.print(Text(f"{thread.service} · {thread.title}", "bold"), soft_wrap=True)
        for row in rows:
            console.print(Text.assemble(*((segment.text, segment.style or "") for segment in row)), soft_wrap=True)
        console.print()
