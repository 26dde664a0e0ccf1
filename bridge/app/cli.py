"""The command line: `talkifai-bridge run`, `web`, `check` and `chat`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from bridge import __version__
from bridge.domain.errors import BridgeError
from config.log_setup import start_logging
from config.settings import SettingsError, load_settings

_STOPPED_BY_KEYBOARD = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 1 with one line on stderr for each thing that is wrong."""
    parser = argparse.ArgumentParser(
        prog="talkifai-bridge", description="Brings a TalkifAI agent into Slack and Telegram."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="serve the channels whose tokens are set, until stopped")
    commands.add_parser("web", help="the same with a web server: for webhooks, and GET /health")
    commands.add_parser("check", help="check the settings and Redis, and stop")
    chat = commands.add_parser("chat", help="talk to the agent in this terminal")
    chat.add_argument("--sandbox", action="store_true", help="talk to a local stand-in: no account needed")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "chat":
            return _chat(sandbox=chosen.sandbox)
        settings = start_logging(load_settings())
        # Imported late: `--help` and a wrong setting need not wait for the libraries of every channel.
        from bridge.app import bootstrap as app  # noqa: PLC0415 - the reason stands above

        if chosen.command == "check":
            asyncio.run(app.check(settings))
        else:
            asyncio.run(app.run_worker(settings, serves_web=chosen.command == "web"))
    except (SettingsError, BridgeError) as error:
        for line in str(error).splitlines():
            print(line, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _STOPPED_BY_KEYBOARD
    if chosen.command == "check":
        print("The settings are right and Redis answers.")
    return 0


def _chat(*, sandbox: bool) -> int:
    """Run the terminal channel. With `sandbox` this process becomes that of the stand-ins, which the product lacks."""
    if sandbox:
        os.execv(sys.executable, [sys.executable, "-m", "sandbox", "chat"])  # noqa: S606 - our own module, no shell
    from bridge.app import chat  # noqa: PLC0415 - as in `main`

    asyncio.run(chat.run_chat(chat.chat_settings({})))
    return 0
