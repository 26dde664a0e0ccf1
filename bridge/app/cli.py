"""The command line: `talkifai-bridge run` and the commands beside it."""

import argparse
from collections.abc import Sequence

from bridge import __version__

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_WEEK_S = 7.0 * 86400


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 1 with one line on stderr for each thing that is wrong."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "version":
        print(__version__)
        return 0
    # Imported late: `--help` need not wait for pydantic and the libraries of every channel.
    from bridge.app import commands  # noqa: PLC0415 - the reason stands above

    return commands.run(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="talkifai-bridge", description="Brings a TalkifAI agent into Slack and Telegram."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("run", "serve the channels whose tokens are set, until stopped"),
        ("web", "the same with a web server: for webhooks, health and metrics"),
    ):
        serving = commands.add_parser(name, help=text)
        serving.add_argument("--end-sessions", action="store_true", help="end every open conversation at the stop")
    check = commands.add_parser("check", help="try the key, the agents, the tokens and Redis, and say what to fix")
    check.add_argument("--json", action="store_true", help="as one JSON object")
    check.add_argument("--offline", action="store_true", help="open no session at TalkifAI, which costs a message")
    _add_operating(commands)
    config = commands.add_parser("config", help="show the settings in force and where each came from")
    config.add_argument("--json", action="store_true", help="as one JSON object")
    forget = commands.add_parser("forget", help="delete what is kept of a person")
    forget.add_argument("person", metavar="PERSON", help="slack:U123, slack:T123:U123 or telegram:123")
    chat = commands.add_parser("chat", help="talk to the agent in this terminal")
    chat.add_argument("--sandbox", action="store_true", help="talk to a local stand-in: no account needed")
    return parser


def _add_operating(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what an operator types while workers run."""
    sessions = commands.add_parser("sessions", help="show the conversations that are open, or end some")
    sessions.add_argument("--watch", action="store_true", help="show them again and again")
    sessions.add_argument("--json", action="store_true", help="as one JSON list")
    sessions.set_defaults(action="list")
    end = sessions.add_subparsers(dest="action", metavar="ACTION").add_parser("end", help="end conversations")
    end.add_argument("ids", nargs="*", default=[], metavar="ID", help="the conversation's id")
    end.add_argument("--all", action="store_true", help="every one")
    end.add_argument("--idle", type=_duration, metavar="TIME", help="those that have been idle for so long, such as 5m")
    usage = commands.add_parser("usage", help="show who used the agents, and what that cost")
    usage.add_argument("--since", type=_duration, default=_WEEK_S, metavar="TIME", help="such as 24h, 7d (default), 4w")
    usage.add_argument("--by", choices=("channel", "place", "person", "agent", "day"), default="day")
    usage.add_argument("--csv", action="store_true", help="for a spreadsheet")
    usage.add_argument("--json", action="store_true", help="as one JSON list")
    dead = commands.add_parser("dead", help="questions that were set aside: list, show, retry, drop")
    actions = dead.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show them all, newest first")
    for name, text in (("show", "whole"), ("retry", "ask them again"), ("drop", "forget them")):
        actions.add_parser(name, help=text).add_argument("ids", nargs="+", metavar="ID")
    commands.add_parser("init", help="ask for the tokens one by one, try each, and write .env")
    commands.add_parser("version", help="print the version")


def _duration(text: str) -> float:
    """Read a duration such as `90s`, `5m`, `24h`, `7d` or `4w`."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: use a number and s, m, h, d or w, such as 5m")
    return float(int(number) * _UNITS_S[unit])
