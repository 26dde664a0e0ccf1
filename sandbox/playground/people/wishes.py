"""What comes from the page, read with care: a visitor's browser is trusted, its messages are checked all the same."""

from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 20_000
_LONGEST_NAME = 200


class WishRefused(Exception):
    """It cannot be done; the words are for the visitor."""


class Wish:
    """One message from the page."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def name(self, field: str, default: str | None = None) -> str:
        """Return an id or a name. Raises `WishRefused` where there is none and no default."""
        value = self._fields.get(field, default)
        if not isinstance(value, str) or len(value) > _LONGEST_NAME:
            raise WishRefused(f"{field} is missing")
        return value

    def text(self, field: str = "text") -> str:
        """Return what was typed. Raises `WishRefused`."""
        value = self._fields.get(field, "")
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise WishRefused(f"at most {LONGEST_TEXT:,} characters, please")
        return value

    def number(self, field: str) -> int:
        """Return a whole number. Raises `WishRefused`."""
        value = self._fields.get(field)
        if not isinstance(value, int) or isinstance(value, bool):
            raise WishRefused(f"{field} is no number")
        return value

    def optional_number(self, field: str) -> int | None:
        """Return a whole number or None."""
        return None if self._fields.get(field) is None else self.number(field)

    def anything(self, field: str) -> Any:
        """Return a value as it came."""
        return self._fields.get(field)
