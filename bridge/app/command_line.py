"""The command line, for Typer: `talkifai-bridge run` and the commands beside it."""

from collections.abc import Sequence
from enum import StrEnum
from types import SimpleNamespace
from typing import Annotated, NoReturn

import typer
from typer.core import TyperGroup

from bridge import __version__

_ORDER = ("run", "web", "check", "init", "config", "sessions", "usage", "dead", "forget", "chat", "version")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class _Ordered(TyperGroup):
    """Lists the commands in the order in which an operator meets them."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return their names."""
        del ctx
        return sorted(self.commands, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))


def _group(text: str, *, needs_command: bool = True) -> typer.Typer:
    return typer.Typer(
        help=text,
        cls=_Ordered,
        no_args_is_help=needs_command,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _group("Brings a TalkifAI agent into Slack and Telegram.")
sessions_app = _group("Show the conversations that are open, or end some.", needs_command=False)
dead_app = _group("List, show, ask again or drop questions that were set aside.")


class Group(StrEnum):
    """By what `usage` sums."""

    CHANNEL = "channel"
    PLACE = "place"
    PERSON = "person"
    AGENT = "agent"
    DAY = "day"


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        app(arguments, prog_name="talkifai-bridge")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0
    return 0


def _leave(command: str, **chosen: object) -> NoReturn:
    """Run a command and leave with its exit code."""
    # Imported late: `--help` need not wait for pydantic and the libraries of every channel.
    from bridge.app import commands  # noqa: PLC0415 - the reason stands above

    raise typer.Exit(commands.run(SimpleNamespace(command=command, **chosen)))


def _duration(text: str) -> float:
    """Read a duration such as `90s`, `5m`, `24h`, `7d` or `4w`."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS_S:
        raise typer.BadParameter(f"{text!r} is no time: use a number and s, m, h, d or w, such as 5m")
    return float(int(number) * _UNITS_S[unit])


def _version(wanted: bool) -> None:  # noqa: FBT001 - the library calls it so
    if wanted:
        print(f"talkifai-bridge {__version__}")
        raise typer.Exit


EndSessions = Annotated[bool, typer.Option("--end-sessions", help="End every open conversation at the stop.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID", hidden=True)]


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(*, end_sessions: EndSessions = False) -> None:
    """Serve the channels whose tokens are set, until stopped."""
    _leave("run", end_sessions=end_sessions)


@app.command()
def web(*, end_sessions: EndSessions = False) -> None:
    """Serve them with a web server too, for webhooks and health."""
    _leave("web", end_sessions=end_sessions)


@app.command()
def check(
    *,
    json: Json = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Open no session at TalkifAI, which may cost a message.")
    ] = False,
) -> None:
    """Try every setting at its service, and say what to fix."""
    _leave("check", json=json, offline=offline)


@app.command()
def init() -> None:
    """Ask for the tokens one by one, try each, and write .env."""
    _leave("init")


@app.command()
def config(
    *,
    set_: Annotated[bool, typer.Option("--set", help="Only those that are set, without the defaults.")] = False,
    json: Json = False,
) -> None:
    """Show the settings in force and where each came from."""
    _leave("config", only_set=set_, json=json)


@sessions_app.callback(invoke_without_command=True)
def sessions(
    context: typer.Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show them again every two seconds.")] = False,
    json: Json = False,
) -> None:
    """Show the conversations that are open, or end some."""
    if context.invoked_subcommand is None:
        _leave("sessions", action="list", watch=watch, json=json)


@sessions_app.command()
def end(
    *,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", hidden=True)] = None,
    all_: Annotated[bool, typer.Option("--all", help="End every one.")] = False,
    idle: Annotated[
        float | None,
        typer.Option(parser=_duration, metavar="TIME", help="End those that have been idle for so long, such as 5m."),
    ] = None,
) -> None:
    """End conversations: those with these ids, all, or the idle ones."""
    if not (ids or all_ or idle is not None):
        raise typer.BadParameter("name conversations by their ids, or use --all or --idle 5m")
    _leave("sessions", action="end", ids=ids or [], all=all_, idle=idle)


@app.command()
def usage(
    *,
    since: Annotated[float, typer.Option(parser=_duration, metavar="TIME", help="Such as 24h, 7d or 4w.")] = "7d",  # type: ignore[assignment]  # the parser reads it
    by: Annotated[Group, typer.Option(metavar="WHAT", help="By channel, place, person, agent or day.")] = Group.DAY,
    csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    json: Json = False,
) -> None:
    """Show who used the agents, and what that cost."""
    _leave("usage", since=since, by=by.value, csv=csv, json=json)


@dead_app.command("list")
def list_() -> None:
    """List them with their ids, newest first."""
    _leave("dead", action="list")


@dead_app.command()
def show(ids: Ids) -> None:
    """Show those with these ids as they were stored."""
    _leave("dead", action="show", ids=ids)


@dead_app.command()
def retry(ids: Ids) -> None:
    """Ask those with these ids again, in their places."""
    _leave("dead", action="retry", ids=ids)


@dead_app.command()
def drop(ids: Ids) -> None:
    """Delete those with these ids."""
    _leave("dead", action="drop", ids=ids)


@app.command()
def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", hidden=True)],
) -> None:
    """Delete what the bridge stores of a person.

    PERSON is a channel and an id: slack:U123, slack:T123:U123 or telegram:123.
    """
    _leave("forget", person=person)


@app.command()
def chat(
    *,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Talk to a local stand-in: no account is needed.")] = False,
) -> None:
    """Talk to the agent in this terminal."""
    _leave("chat", sandbox=sandbox)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


app.add_typer(sessions_app, name="sessions")
app.add_typer(dead_app, name="dead")
