"""Which of Slack's settings go together: whose events come in which way. Pure."""

from collections.abc import Collection

_SOCKETS, _HTTP = "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"
_ONE = "SLACK_BOT_TOKEN"
CREDENTIALS = (_ONE, _SOCKETS, _HTTP)
"""Any one of them says that Slack is wanted."""


def wrong_choices(given: Collection[str]) -> list[str]:
    """Return one line for each credential of Slack that is missing beside the others, or too much."""
    has = [name for name in CREDENTIALS if name in given]
    if not has:
        return []
    lines = []
    if _ONE not in given:
        lines.append(
            f'{_ONE}: is not set. {has[0]} is set and Slack needs it too: "OAuth & Permissions" has it (xoxb-).'
        )
    if _SOCKETS in given and _HTTP in given:
        lines.append(
            f"{_HTTP}: is set together with {_SOCKETS}. Events come over sockets ({_SOCKETS}) or over HTTP ({_HTTP}):"
            " unset one of them."
        )
    if _SOCKETS not in given and _HTTP not in given:
        lines.append(
            f"{_SOCKETS}: is not set. Slack needs a way for events: add the app-level token (xapp-) with the scope"
            f' connections:write from "Basic Information", or set {_HTTP} in its place to take events over HTTP.'
        )
    return lines
