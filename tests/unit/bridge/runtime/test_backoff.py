"""Pauses that double."""

import pytest

from bridge.runtime.backoff import Backoff, pause_after


def test_pauses_double_up_to_the_longest_and_begin_again_after_a_success() -> None:
    backoff = Backoff(0.5, 3.0)
    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.next_s() == 0.5


@pytest.mark.parametrize(("failures", "pause_s"), [(1, 1.0), (2, 2.0), (6, 32.0), (7, 60.0), (5000, 60.0)])
def test_the_pause_after_any_number_of_failures_is_a_number(failures: int, pause_s: float) -> None:
    assert pause_after(failures, 1.0, 60.0) == pause_s
