"""What can be asked for on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

Fault = Literal["", "start", "crash", "end"]
_SHORTEST_IDLE_S, _STORY_IDLE_S, _TYPING_IDLE_S = 3.0, 6.0, 15.0


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo runs."""

    interactive: bool = False
    plain: bool = False
    pace: float = 1.0
    """All pauses of people and of the agent are multiplied by it."""
    idle_timeout_s: float = _STORY_IDLE_S
    fault: Fault = ""


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line. Raises `SystemExit`, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.demo",
        description="The real bridge between stand-ins for Slack, Telegram and TalkifAI. Needs no account.",
    )
    parser.add_argument("--interactive", action="store_true", help="type as a Slack or Telegram user")
    parser.add_argument("--plain", action="store_true", help="a log instead of the live screen")
    parser.add_argument("--pace", type=_positive, default=1.0, help="1 is good to read, 0.3 is quick (default: 1)")
    parser.add_argument("--idle", type=_positive, metavar="SECONDS", help="when a silent session is ended")
    parser.add_argument(
        "--fault",
        choices=("start", "crash", "end"),
        default="",
        help="let something go wrong, to see that it is noticed: the bridge's start, the bridge itself, or every end",
    )
    given = parser.parse_args(arguments)
    usual = _TYPING_IDLE_S if given.interactive else max(_SHORTEST_IDLE_S, _STORY_IDLE_S * given.pace)
    return Options(
        interactive=given.interactive,
        plain=given.plain,
        pace=given.pace,
        idle_timeout_s=given.idle or usual,
        fault=cast("Fault", given.fault),
    )


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 600:  # noqa: PLR2004 - ten minutes are more than anybody watches
        raise argparse.ArgumentTypeError("a number above 0 and up to 600, please")
    return number
