"""The requests of the bridge, as the stand-in notes them."""

from dataclasses import dataclass
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class TalkifaiCall:
    """One request."""

    at: float
    """Seconds, by the monotonic clock, when it arrived."""
    method: str
    """`open`, `ask`, `history` or `end`."""
    conversation: str
    """Empty for `open`."""
    status: int
    """The HTTP status of the answer."""

    @classmethod
    def of(cls, request: web.Request, at: float, status: int) -> Self:
        """Read a request, whatever its answer."""
        last = request.path.rsplit("/", 1)[-1]
        method = {"sessions": "open", "end": "end"}.get(last, "ask" if request.method == "POST" else "history")
        return cls(at, method, request.match_info.get("conversation", ""), status)
