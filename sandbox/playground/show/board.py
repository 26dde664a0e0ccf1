"""What the page shows, as keyed values: each page is sent what has changed since it last heard."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Items = Mapping[str, Any]


class Board:
    """The newest value under each key, with the number of the change that made it."""

    def __init__(self) -> None:
        self._number = 0
        self._written: dict[str, str] = {}
        self._changed_at: dict[str, int] = {}

    @property
    def number(self) -> int:
        """Of the newest change."""
        return self._number

    def write(self, items: Items) -> bool:
        """Take in everything as it is now: what is missing is gone. Say whether anything changed."""
        before = self._number
        for key, value in items.items():
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if self._written.get(key) != text:
                self._put(key, text)
        for key in [key for key, text in self._written.items() if key not in items and text != "null"]:
            self._put(key, "null")
        return self._number != before

    def since(self, number: int) -> str:
        """Return the changes after a number as one JSON object: a value under each key, null where it is gone."""
        return f"{{{','.join(self._changes(number))}}}"

    def _changes(self, number: int) -> Iterator[str]:
        for key, changed_at in self._changed_at.items():
            if changed_at > number and (number or self._written[key] != "null"):
                yield f"{json.dumps(key)}:{self._written[key]}"

    def _put(self, key: str, text: str) -> None:
        self._number += 1
        self._written[key] = text
        self._changed_at[key] = self._number
