"""What a person typed, as Slack sends it, made readable for an agent. Pure."""

import re
from html import unescape

from bridge.domain.incoming import COMMAND_WORDS, CommandName

_TOKEN = re.compile(r"<([^<>]*)>")
_SOMEBODY = re.compile(r"<(?:@|!subteam\^|!(?:here|channel|everyone)\b)")
_ENTITY = re.compile(r"&(?:lt|gt|amp);")


def mentions(text: str, user_id: str) -> bool:
    """Say whether the text, as it came from Slack, mentions this user."""
    return _mention_of(user_id).search(text) is not None


def addresses_others(text: str) -> bool:
    """Say whether the text, as it came from Slack, mentions a person, a group of people, or everybody."""
    return _SOMEBODY.search(text) is not None


def to_plain_words(text: str, bot_user_id: str) -> str:
    """Strip the bot's own mention and turn Slack's tokens and entities into plain words.

    `<https://x|label>` becomes `label (https://x)`, `<@U1>` becomes `@U1`, `<#C1|name>` becomes `#name`; `&lt;`,
    `&gt;` and `&amp;` are the only entities that Slack writes (docs: messaging/formatting-message-text).
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    without_bot = _mention_of(bot_user_id).sub(" ", whole).strip() if bot_user_id else whole.strip()
    if without_bot[:1] in {",", ":"} and whole.lstrip().startswith("<@"):
        without_bot = without_bot[1:].lstrip()
    plain = _TOKEN.sub(lambda token: _words(token[1]), without_bot)
    # Slack escapes once, so each entity is decoded once: `&amp;lt;` is what a person wrote as `&lt;`.
    return _ENTITY.sub(lambda entity: unescape(entity[0]), plain)


def command_word(text: str) -> str:
    """Return the command (`new`, `/end`, `!help`) that is alone in a text, else nothing. No words at all mean help."""
    word = text.casefold().removeprefix("/") if text.startswith("/") else text.casefold().removeprefix("!")
    return word if word in COMMAND_WORDS else "" if text else CommandName.HELP


def _mention_of(user_id: str) -> re.Pattern[str]:
    # A run of blanks is read from its beginning alone: from each of its blanks it would take time by the square.
    return re.compile(rf"(?:(?<![ \t])[ \t]+)?<@{re.escape(user_id)}(?:\|[^<>]*)?>[ \t]*")


def _words(token: str) -> str:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return f"@{label}" if label else target
    if target.startswith("#"):
        return f"#{label}" if label else target
    if target.startswith("!"):
        name = target[1:].partition("^")[0]
        return label or f"@{name}"
    address = target.removeprefix("mailto:")
    if not label or label in {address, target} or target.partition("://")[2].rstrip("/") == label.rstrip("/"):
        return address
    return f"{label} ({address})"
