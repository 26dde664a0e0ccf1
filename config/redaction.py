"""Takes secrets out of text: the known ones, and all that looks like one."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

MASK = "[redacted]"
_SHORTEST = 4
"""Shorter values are left alone: they would be found inside ordinary words."""
_DEEPEST = 6
"""How many containers inside one another are looked through; what lies deeper is shown as text."""

# Each with a part of every text that it finds: most texts have none of these parts, and are passed over at once.
_SHAPES = (
    # TalkifAI's keys.
    ("tk_", re.compile(r"\btk_(?:live|test)_[A-Za-z0-9_-]+"), MASK),
    # Slack: bot, user, app-level and rotating tokens.
    ("xox", re.compile(r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]+"), MASK),
    ("xapp-", re.compile(r"\bxapp-[A-Za-z0-9-]+"), MASK),
    # JSON Web Tokens, whole or cut short: their first part is base64 of a text that begins with {".
    ("eyJ", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*"), MASK),
    # Telegram puts the bot's token into the path of every call.
    ("/bot", re.compile(r"/bot\d+(?::|%3[Aa])[^/\s\"'\\]+"), "/bot" + MASK),
    (":", re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{30,}"), MASK),
    ("earer ", re.compile(r"\b([Bb]earer )[A-Za-z0-9._~+/=-]{16,}"), r"\1" + MASK),
    # The user and password of an address; the ticket of Slack's socket address.
    ("://", re.compile(r"://(?=[^/\s\"'@:]*:)[^/\s\"'@]++@"), f"://{MASK}@"),
    ("ticket=", re.compile(r"([?&]ticket=)[^&\s\"'\\]+"), r"\1" + MASK),
    ("token=", re.compile(r"([?&](?:access_)?token=)[^&\s\"'\\]+"), r"\1" + MASK),
)


class Redactor:
    """Knows the secrets and every spelling that a log line may give them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {form for secret in secrets if len(secret) >= _SHORTEST for form in _spellings(secret)}
        # Longest first: a secret that holds another one goes as a whole.
        ordered = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """Return the text with each secret masked."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for part, shape, mask in _SHAPES:
            if part in text:
                text = shape.sub(mask, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the value with its texts redacted: numbers as they are, containers copied, the rest as text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth < _DEEPEST:
            if isinstance(value, Mapping):
                return {self.text(str(key)): self.value(item, depth + 1) for key, item in value.items()}
            if isinstance(value, list | tuple | set | frozenset):
                return [self.value(item, depth + 1) for item in value]
        return self.text(repr(value))


def _spellings(secret: str) -> set[str]:
    """Return the secret as itself, inside an address, inside JSON, and inside Python's quotes."""
    return {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
