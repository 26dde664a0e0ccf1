"""Which of Slack's settings go together: whose events come, and in which way. Pure."""

from collections.abc import Collection

_SOCKETS, _HTTP = "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"
_ONE = "SLACK_BOT_TOKEN"
_MANY = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_ENCRYPTION_KEY")
CREDENTIALS = (_ONE, _SOCKETS, _HTTP, *_MANY)
"""Any one of them says that Slack is wanted."""


def wrong_choices(given: Collection[str]) -> list[str]:
    """Return one line for each credential of Slack that is missing beside the others, or too much."""
    has = [name for name in CREDENTIALS if name in given]
    return [*_whose(has), *_which_way(has)] if has else []


def _whose(has: Collection[str]) -> list[str]:
    """One workspace, by its bot token, or any number, which install the app."""
    many = [name for name in _MANY if name in has]
    if not many:
        told = f"{_ONE}: is not set. Slack needs it: copy the bot token (xoxb-) of the app."
        return [] if _ONE in has else [told]
    lines = [
        f"{name}: is not set. {many[0]} is set, and for many workspaces Slack needs all of {', '.join(_MANY)}."
        for name in _MANY
        if name not in has
    ]
    if _ONE in has:
        lines.append(
            f"{_ONE}: is set together with {many[0]}. It is for one workspace, {', '.join(_MANY)} are for many:"
            " unset one or the other."
        )
    return lines


def _which_way(has: Collection[str]) -> list[str]:
    """Over sockets or over HTTP."""
    if _SOCKETS in has and _HTTP in has:
        ways = f"Events come over sockets ({_SOCKETS}) or over HTTP ({_HTTP}): unset one of them."
        return [f"{_HTTP}: is set together with {_SOCKETS}. {ways}"]
    if _SOCKETS in has or _HTTP in has:
        return []
    needed = (
        "Slack needs a way for events: add the app-level token (xapp-) with the scope connections:write from"
        f' "Basic Information", or set {_HTTP} in its place to take events over HTTP.'
    )
    return [f"{_SOCKETS}: is not set. {needed}"]
