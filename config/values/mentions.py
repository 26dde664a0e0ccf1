"""Whom the agent may mention: the operator's list, read exactly. Pure.

Everything that the list does not name is defused, so what is not understood here is refused and not guessed.
"""

import re
from dataclasses import dataclass

_SLACK_KINDS = (
    (re.compile(r"[UW][A-Z0-9]{1,30}"), "<@{}>"),
    (re.compile(r"S[A-Z0-9]{1,30}"), "<!subteam^{}>"),
    (re.compile(r"C[A-Z0-9]{1,30}"), "<#{}>"),
    (re.compile(r"here|channel|everyone"), "<!{}>"),
)
_SLACK_CHANNEL = re.compile(r"<#(C[A-Z0-9]{1,30})>")
_TELEGRAM_NAME = re.compile(r"@([A-Za-z][A-Za-z0-9_]{3,31})")
_BROADCASTS = ("here", "channel", "everyone")
_MOST = 100


@dataclass(frozen=True, slots=True)
class Mentions:
    """What may have an effect in the agent's text; nothing by default."""

    slack: frozenset[str] = frozenset()
    """Whole tokens as they stand in a text: `<@U1>`, `<!subteam^S1>`, `<#C1>`, `<!here>`."""
    telegram: frozenset[str] = frozenset()
    """User names in lower case, without the `@`."""


def mentions(text: str) -> Mentions:
    """Read a list separated by commas. Raises `ValueError` for any entry in another form."""
    remedy = (
        "List, separated by commas, Slack ids (U… or W… people, S… user groups, C… channels), the words here, channel"
        " and everyone, and Telegram names (@name)."
    )
    slack, telegram = set(), set()
    items = [item.strip() for item in text.split(",")]
    if len(items) > _MOST:
        raise ValueError(f"has more than {_MOST} entries. {remedy}")
    for number, item in enumerate(items, start=1):
        name = _TELEGRAM_NAME.fullmatch(item)
        token = _slack_token(item)
        if name:
            telegram.add(name[1].lower())
        elif token and (item in _BROADCASTS or item.lower() not in _BROADCASTS):
            # CHANNEL has the form of a channel's id, but is surely meant as the word.
            slack.add(token)
        else:
            raise ValueError(f"has an entry of unknown form, number {number}. {remedy}")
    return Mentions(frozenset(slack), frozenset(telegram))


def _slack_token(item: str) -> str:
    """Return how the entry looks in a text; empty where it is none of Slack's."""
    channel = _SLACK_CHANNEL.fullmatch(item)
    if channel:
        return item
    return next((form.format(item) for kind, form in _SLACK_KINDS if kind.fullmatch(item)), "")
