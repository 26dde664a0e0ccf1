"""The requests of the bridge, as the stand-in notes them."""

from dataclasses import dataclass
from typing import Self

from aiohttp import web

CALL = web.RequestKey("call", str)
"""What a request is, where its path does not tell."""


@dataclass(frozen=True, slots=True)
class TalkifaiCall:
    """One request."""

    at: float
    """Seconds, by the monotonic clock, when it arrived."""
    method: str
    """`open`, `ask`, `history` or `end`; `key` for an opening that names no agent, `agent` for a look at one."""
    conversation: str
    """Empty for `open`."""
    status: int
    """The HTTP status of the answer."""

    @classmethod
    def of(cls, request: web.Request, at: float, status: int) -> Self:
        """Read a request, whatever its answer."""
        if CALL in request:
            return cls(at, request[CALL], "", status)
        last = request.path.rsplit("/", 1)[-1]
        method = {"sessions": "open", "end": "end"}.get(last, "ask" if request.method == "POST" else "history")
        return cls(at, method, request.match_info.get("conversation", ""), status)
