"""What can be asked for on the command line."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DEFAULT_IDLE_S, TOUR_IDLE_S = 45.0, 18.0
_LONGEST_S = 1799.0


@dataclass(frozen=True, slots=True)
class Options:
    """How the playground runs."""

    port: int = 0
    """On 127.0.0.1; 0 takes a free one."""
    idle_after_s: float = DEFAULT_IDLE_S
    pace: float = 1.0
    """All pauses of the agent and of the tour are multiplied by it."""
    tour: bool = False
    browser: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further settings of the bridge."""


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line. Raises `SystemExit`, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="talkifai-sandbox playground",
        description="Slack, Telegram, the meter and the faults on one local page, around the real bridge. No account.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--tour", action="store_true", help="play a story of one minute by itself")
    parser.add_argument("--idle", type=_seconds, metavar="SECONDS", help="when a silent session is ended")
    parser.add_argument("--pace", type=_seconds, default=1.0, help="factor for all pauses (default: 1)")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    given = parser.parse_args(arguments)
    usual = TOUR_IDLE_S if given.tour else DEFAULT_IDLE_S
    return Options(given.port, given.idle or usual, given.pace, tour=given.tour, browser=not given.no_browser)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"a number above 0 and up to {_LONGEST_S:g}, please")
    return number
