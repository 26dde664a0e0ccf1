"""The stand-in's refusals, in the three JSON forms of the API, and the organisation's request budget."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from sandbox.faults import Fault

_CODES = {
    400: "bad_request",
    401: "invalid_token",
    402: "insufficient_credits",
    403: "conversation_mismatch",
    404: "session_not_found",
    429: "rate_limit_exceeded",
}
_WINDOW_S = 60.0


class Refused(Exception):
    """The call ends with this status."""

    def __init__(self, status: int, code: str = "", text: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(status, code, text)
        self.status = status
        self.code = code or _CODES.get(status, "internal_error")
        self.text = text or self.code.replace("_", " ")
        self.retry_after_s = retry_after_s
        self.page = ""

    @classmethod
    def by_fault(cls, fault: Fault) -> "Refused":
        """Return what a test scripted."""
        refused = cls(fault.status or 500, fault.error, retry_after_s=fault.retry_after_s)
        refused.page = fault.page
        return refused

    def response(self) -> web.Response:
        """Return it in the form its status has: 422 as `detail`, 404 and 5xx as `error` alone, others in full."""
        if self.page:
            return web.Response(status=self.status, text=self.page, content_type="text/html")
        if self.status == 422:  # noqa: PLR2004 - the status "Unprocessable Content"
            body: dict[str, object] = {"detail": [{"loc": ["body"], "msg": self.text, "type": "value_error"}]}
        elif self.status == 404 or self.status >= 500:  # noqa: PLR2004 - "Not Found" and server errors
            body = {"error": self.text}
        else:
            body = {"success": False, "error": self.text, "code": self.code}
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return web.Response(status=self.status, text=json.dumps(body), content_type="application/json", headers=headers)


@dataclass(slots=True)
class RequestBudget:
    """Requests a minute for the whole organisation, counted in whole windows."""

    now: Callable[[], float]
    a_minute: int | None = None
    """None: without a limit, and without headers."""
    _window_from: float = 0.0
    _used: int = 0

    def spend(self) -> None:
        """Count a request. Raises `Refused` (429) when the window is used up."""
        if self.a_minute is None:
            return
        now = self.now()
        if now - self._window_from >= _WINDOW_S:
            self._window_from, self._used = now, 0
        if self._used >= self.a_minute:
            raise Refused(429, retry_after_s=max(1, round(self._window_from + _WINDOW_S - now)))
        self._used += 1

    def headers(self) -> dict[str, str]:
        """Return the `X-RateLimit` headers as they stand."""
        if self.a_minute is None:
            return {}
        return {
            "X-RateLimit-Limit": str(self.a_minute),
            "X-RateLimit-Remaining": str(max(0, self.a_minute - self._used)),
            "X-RateLimit-Reset": str(int(self._window_from + _WINDOW_S)),
        }
