"""What stands in the terminal when the demo is over."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text


@dataclass(slots=True)
class Verdict:
    """How it went."""

    problems: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    """What was checked and found right; said only where there are no problems."""

    @property
    def exit_code(self) -> int:
        """0 where nothing went wrong."""
        return 1 if self.problems else 0


def print_verdict(
    console: Console, verdict: Verdict, elapsed_s: float, count_line: str, bridge_log: Sequence[str]
) -> None:
    """Print the facts and the count; or the bridge's last log lines, the count and, last, what went wrong."""
    _print(console, f"TalkifAI bridge, demo of {elapsed_s:.0f} s", "bold")
    if verdict.problems:
        _print(console, "The bridge's last log lines:", "bold")
        for line in bridge_log or ["(none)"]:
            _print(console, f"  {line}", "dim")
        _print(console, count_line, "bold")
        for problem in verdict.problems:
            _print(console, f"✗ {problem}", "bold red")
        return
    for fact in verdict.facts:
        _print(console, Text.assemble(("✓ ", "green"), fact))
    _print(console, count_line, "bold green")


def print_next_steps(console: Console, *, is_interactive: bool) -> None:
    """Print three things to do next."""
    again = ("make demo", "watch the story") if is_interactive else ("make demo ARGS=--interactive", "type yourself")
    steps = (
        ("make playground", "the same in your browser, with faults to press"),
        again,
        ("make run", "your own agent in Slack or Telegram: the README has the five minutes that it takes"),
    )
    _print(console, "Next:", "bold")
    width = max(len(command) for command, _ in steps)
    for command, what in steps:
        _print(console, Text.assemble("  ", (command.ljust(width), "cyan"), f"  {what}"))


def _print(console: Console, line: str | Text, style: str = "") -> None:
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True, emoji=False)
