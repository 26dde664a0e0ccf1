"""The time line: every call of the bridge to a service, and what it was answered."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from sandbox.playground.playground import Playground

_KEPT = 600
_QUIET = {"getUpdates", "getMe", "setMyCommands", "deleteWebhook"}
"""Calls that say nothing about replies."""


@dataclass(frozen=True, slots=True)
class CallShown:
    """One mark on the time line."""

    number: int
    at: float
    """Seconds since the epoch."""
    lane: str
    method: str
    place: str
    outcome: str
    """`ok`, `limited` for 429, `lost` where the connection broke, else `refused`."""
    detail: str


class Timeline:
    """Follows the calls of all three stand-ins."""

    def __init__(self, playground: Playground) -> None:
        self._stage = playground.stage
        self._read = {"slack": 0, "telegram": 0, "talkifai": 0}
        self._shift = time.time() - time.monotonic()
        self._numbers = 0
        self.calls: list[CallShown] = []
        """The newest, oldest first."""
        self.counts = {"slack": 0, "telegram": 0, "talkifai": 0}
        self.limited = {"slack": 0, "telegram": 0, "talkifai": 0}
        """How many were answered with 429."""

    def read(self) -> None:
        """Take in what is new."""
        found = sorted([*self._slack(), *self._telegram(), *self._talkifai()], key=lambda call: call[0])
        for at, lane, method, place, outcome, detail in found:
            self._numbers += 1
            self.counts[lane] += 1
            self.limited[lane] += outcome == "limited"
            self.calls.append(CallShown(self._numbers, at + self._shift, lane, method, place, outcome, detail))
        del self.calls[:-_KEPT]

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the calls after a number."""
        return [asdict(call) for call in self.calls if call.number > number]

    @property
    def number(self) -> int:
        """Of the newest call."""
        return self._numbers

    def _new(self, lane: str, calls: list[Any]) -> list[Any]:
        new = calls[self._read[lane] :]
        self._read[lane] = len(calls)
        return new

    def _slack(self) -> Iterator[tuple[float, str, str, str, str, str]]:
        for call in self._new("slack", self._stage.slack.calls):
            place = str(call.params.get("channel") or call.params.get("channel_id") or "")
            outcome = {"ok": "ok", "ratelimited": "limited", "http 429": "limited", "lost": "lost", "refused": "lost"}
            yield call.at, "slack", call.method, place, outcome.get(call.answer, "refused"), call.answer

    def _telegram(self) -> Iterator[tuple[float, str, str, str, str, str]]:
        for call in self._new("telegram", self._stage.telegram.calls):
            if call.method not in _QUIET or call.status == HTTPStatus.TOO_MANY_REQUESTS:
                place = str(call.params.get("chat_id", ""))
                yield call.at, "telegram", call.method, place, _outcome(call.status), str(call.status)

    def _talkifai(self) -> Iterator[tuple[float, str, str, str, str, str]]:
        for call in self._new("talkifai", self._stage.talkifai.calls):
            if (call.method, call.status) == ("key", HTTPStatus.UNPROCESSABLE_ENTITY):
                # An opening that names no agent: at its start the bridge tries the key in this way.
                yield call.at, "talkifai", "try the key", "", "ok", "the key is right"
                continue
            yield call.at, "talkifai", call.method, call.conversation, _outcome(call.status), str(call.status)


def _outcome(status: int) -> str:
    known = {HTTPStatus.OK: "ok", HTTPStatus.TOO_MANY_REQUESTS: "limited", 0: "lost"}
    return known.get(status, "refused")
