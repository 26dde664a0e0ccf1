"""Random questions and random faults, over whole workers on a real server."""

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.bridge_machine import Bridge

_EXAMPLES = int(os.environ.get("BRIDGE_STATEFUL_EXAMPLES", "20"))
_STEPS = int(os.environ.get("BRIDGE_STATEFUL_STEPS", "30"))


# Making a failure small takes many minutes: only if a long run was asked for. The blob repeats it anyway.
_PHASES = [phase for phase in Phase if phase is not Phase.shrink or "BRIDGE_STATEFUL_EXAMPLES" in os.environ]
_LIFE = settings(
    stateful_step_count=_STEPS,
    deadline=None,
    print_blob=True,
    # An example is a whole deployment's life: slow by its nature, and large.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.mark.timeout(120 + 20 * _EXAMPLES if "BRIDGE_STATEFUL_EXAMPLES" in os.environ else 240)
def test_nothing_is_lost_nothing_twice_and_nothing_left_open_under_any_faults(redis_url: str) -> None:
    """B10: any mix of faults; at rest every question has one outcome and no conversation is open."""
    machine = type("BridgeHere", (Bridge,), {"url": redis_url})
    run_state_machine_as_test(machine, settings=settings(_LIFE, max_examples=_EXAMPLES, phases=_PHASES))


def _traces(redis_url: str, examples: int) -> Sequence[str]:
    """Run the same examples as ever, and return a digest of what came of each."""
    traces: list[str] = []
    machine = type("BridgeTwice", (Bridge,), {"url": redis_url, "traces": traces})
    same = settings(_LIFE, max_examples=examples, phases=[Phase.generate], derandomize=True, database=None)
    run_state_machine_as_test(machine, settings=same)
    return traces


@pytest.mark.timeout(240)
def test_the_same_steps_come_out_the_same(redis_url: str) -> None:
    """B10: or a failure could neither be repeated nor made small."""
    first, second = _traces(redis_url, 8), _traces(redis_url, 8)
    assert len(set(first)) > 4
    assert first == second
