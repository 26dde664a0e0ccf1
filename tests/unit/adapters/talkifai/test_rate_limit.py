"""What the headers say of the budget and of waits."""

import pytest

from adapters.talkifai.rate_limit_headers import read_rate_limit, read_retry_after, read_wait
from bridge.domain.limits.rate_limits import RateLimit

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("999999", 3600.0),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(value: str, wait_s: float | None) -> None:
    assert read_retry_after({"retry-after": value}, NOW) == wait_s


def test_no_retry_after_means_no_stated_wait() -> None:
    assert read_retry_after({}, NOW) is None


@pytest.mark.parametrize("reset", ["20", str(NOW + 20)])
def test_without_retry_after_the_wait_is_until_the_reset(reset: str) -> None:
    assert read_wait({"x-ratelimit-reset": reset}, NOW) == 20.0
    assert read_wait({"x-ratelimit-reset": reset, "retry-after": "3"}, NOW) == 3.0


def test_the_budget_is_read_whole_or_not_at_all() -> None:
    headers = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59", "x-ratelimit-reset": "20"}
    assert read_rate_limit(headers, NOW) == RateLimit(60, 59, NOW + 20, NOW)
    assert read_rate_limit({**headers, "x-ratelimit-remaining": "many"}, NOW) is None
    assert read_rate_limit({}, NOW) is None
