"""`talkifai-sandbox playground|demo|chat|slack|telegram|talkifai`: all stand-ins and what is built on them."""

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "playground": "see, touch and break the whole bridge on one local page",
    "demo": "watch the whole bridge work in this terminal",
    "chat": "talk to a scripted agent in this terminal",
    "slack": "a stand-in for Slack alone (--port N)",
    "telegram": "a stand-in for Telegram alone (--port N)",
    "talkifai": "a stand-in for TalkifAI alone (--port N)",
}
_MODULES = {"demo": "sandbox.demo.__main__", "chat": "sandbox.chat"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command with the arguments behind it, and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in COMMANDS:
        width = max(map(len, COMMANDS))
        lines = [f"  {name:{width}}  {what}" for name, what in COMMANDS.items()]
        print("\n".join(["usage: talkifai-sandbox COMMAND [OPTION ...]", "", *lines]))
        return 0 if given and given[0] in ("-h", "--help") else 2
    # Each command reads `sys.argv` as when it is started by itself.
    sys.argv = [f"talkifai-sandbox {given[0]}", *given[1:]]
    command = import_module(_MODULES.get(given[0], f"sandbox.{given[0]}.__main__"))
    return command.main() or 0


if __name__ == "__main__":
    sys.exit(main())
