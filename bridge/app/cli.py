"""`talkifai-bridge`. A worker is started from here; Typer reads every other command, and a worker has no use for it."""

import sys
from collections.abc import Sequence
from types import SimpleNamespace

_WORKERS = ("run", "web")
_END_SESSIONS = "--end-sessions"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 1 with one line on stderr for each thing that is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] in ([name] for name in _WORKERS) and set(given[1:]) <= {_END_SESSIONS}:
        from bridge.app import commands  # noqa: PLC0415 - a command loads only what it needs

        return commands.run(SimpleNamespace(command=given[0], end_sessions=_END_SESSIONS in given))
    from bridge.app import command_line  # noqa: PLC0415 - as above

    return command_line.run_command(given)
