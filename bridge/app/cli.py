"""The command line: `talkifai-bridge run`, `web`, `check`, `config` and `chat`."""

import argparse
from collections.abc import Sequence

from bridge import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 1 with one line on stderr for each thing that is wrong."""
    chosen = _parser().parse_args(arguments)
    # Imported late: `--help` need not wait for pydantic and the libraries of every channel.
    from bridge.app import commands  # noqa: PLC0415 - the reason stands above

    return commands.run(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="talkifai-bridge", description="Brings a TalkifAI agent into Slack and Telegram."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="serve the channels whose tokens are set, until stopped")
    commands.add_parser("web", help="the same with a web server: for webhooks, and GET /health")
    check = commands.add_parser("check", help="try the key, the agents, the tokens and Redis, and say what to mend")
    check.add_argument("--json", action="store_true", help="as one JSON object")
    check.add_argument("--offline", action="store_true", help="open no session at TalkifAI, which costs a message")
    config = commands.add_parser("config", help="show the settings in force and where each came from")
    config.add_argument("--json", action="store_true", help="as one JSON object")
    chat = commands.add_parser("chat", help="talk to the agent in this terminal")
    chat.add_argument("--sandbox", action="store_true", help="talk to a local stand-in: no account needed")
    return parser
