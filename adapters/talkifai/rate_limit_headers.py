"""What TalkifAI says of the organisation's request budget. Pure.

Source: Text Chat API, "Rate limits": `X-RateLimit-Limit`, `-Remaining`, `-Reset` and, with 429, `Retry-After`;
requests a minute for the whole organisation.
"""

import email.utils
import re
from collections.abc import Mapping

from bridge.domain.limits.rate_limits import RateLimit

LONGEST_WAIT_S = 3600.0
_DIGITS = re.compile(r"\d{1,12}(\.\d{1,9})?")
_EPOCH_FROM = 1_000_000_000.0


def read_rate_limit(headers: Mapping[str, str], now: float) -> RateLimit | None:
    """Read the budget; None where the headers are missing or odd. Header names are in lower case."""
    limit, remaining = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-remaining")
    if limit is None or remaining is None:
        return None
    return RateLimit(int(limit), int(remaining), _reset_at(headers, now) or now, now)


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait, between 0 and an hour; None where the service names no time."""
    wait_s = _number(headers, "retry-after")
    if wait_s is None:
        at = _http_date(headers.get("retry-after", ""))
        wait_s = None if at is None else at - now
    return None if wait_s is None else _within_bounds(wait_s)


def read_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the wait that comes with 429: `Retry-After`, or else the time until the budget is full again."""
    wait_s = read_retry_after(headers, now)
    if wait_s is not None:
        return wait_s
    reset_at = _reset_at(headers, now)
    return None if reset_at is None else _within_bounds(reset_at - now)


def read_date(headers: Mapping[str, str]) -> float | None:
    """Return the service's own time, in seconds since the epoch, to the second; None where it names none."""
    return _http_date(headers.get("date", ""))


def _within_bounds(wait_s: float) -> float:
    return min(max(wait_s, 0.0), LONGEST_WAIT_S)


def _reset_at(headers: Mapping[str, str], now: float) -> float | None:
    """Read the reset, which services write as a time or as seconds from now."""
    reset = _number(headers, "x-ratelimit-reset")
    if reset is None:
        return None
    return reset if reset >= _EPOCH_FROM else now + reset


def _number(headers: Mapping[str, str], name: str) -> float | None:
    value = headers.get(name, "").strip()
    return float(value) if _DIGITS.fullmatch(value) else None


def _http_date(value: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
