"""What the rules are drawn from."""

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

from bridge.domain.threads import ThreadKey
from tests.property.bridge_agent import Ending, Fault, Plan

T = TypeVar("T")

THREADS = tuple(ThreadKey(channel, "A", "P", thread) for channel in ("finds", "blind") for thread in ("1", "2"))

channel_names = st.sampled_from(["finds", "blind"])
threads = st.sampled_from(THREADS)
texts = st.sampled_from(["ok", "ok", "what now", "and then"])
plans = st.builds(
    Plan,
    words=st.sampled_from([1, 4, 12, 30, 50]),
    pause_s=st.sampled_from([0.05, 0.4, 2.0]),
    cut_at=st.integers(0, 4),
    ending=st.sampled_from(Ending),
)
steps = st.integers(1, 70)
whichever = st.integers(0, 999)
"""Which of those that are there: no draw may depend on what the bridge did, or a failure could not be made small."""
pauses = st.sampled_from([0.0, 0.05, 0.3, 1.0, 4.0])
channel_faults = st.sampled_from([Fault.UNAVAILABLE, Fault.LIMITED, Fault.ANSWER_LOST, Fault.REQUEST_LOST])
agent_faults = st.one_of(
    st.tuples(
        st.just("open"), st.sampled_from([Fault.UNAVAILABLE, Fault.LIMITED, Fault.ANSWER_LOST, Fault.NO_CREDITS])
    ),
    st.tuples(st.sampled_from(["ask", "history"]), st.sampled_from([Fault.UNAVAILABLE, Fault.LIMITED])),
    st.tuples(st.just("end"), st.sampled_from([Fault.UNAVAILABLE, Fault.LIMITED, Fault.ANSWER_LOST])),
)


def one_of(things: Sequence[T], which: int) -> T:
    return things[which % len(things)]
