"""Whatever a history holds and however it grows: the right answer is found, or it is said that there is none."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.conversation.recovery import Found, Reconciled, RecoveryLimits, Sought, joined, reconcile
from bridge.domain.sessions import Conversation, HistoryMessage
from tests.fakes import FakeAgent
from tests.unit.bridge.conversation.turn_fixture import says
from tests.virtual_time import LoopClock, run_virtually

_HERE = Conversation("c", "jwt")
_LIMITS = RecoveryLimits()
_questions = st.sampled_from(["yes", "no", "and then?"])
"""Few, so that equal ones follow each other."""
_parts = st.lists(st.sampled_from(["One moment. ", "Here it is.", "More of it.\n", "The end."]), max_size=3)
_turns = st.lists(st.tuples(_questions, _parts), max_size=6)


def _messages(turns: Sequence[tuple[str, Sequence[str]]]) -> list[HistoryMessage]:
    return [
        message
        for question, parts in turns
        for message in (HistoryMessage("user", question), *(HistoryMessage("assistant", part) for part in parts))
    ]


def _reconciled(
    before: list[HistoryMessage], arrivals: Sequence[tuple[float, HistoryMessage]], sought: Sought
) -> Reconciled:
    """Look a question up in a history to which messages are added at these times."""

    async def run() -> Reconciled:
        agent = FakeAgent(says())
        agent.histories[_HERE.id] = list(before)
        loop = asyncio.get_running_loop()
        for at, message in arrivals:
            loop.call_later(at, agent.histories[_HERE.id].append, message)
        return await reconcile(agent, LoopClock(), _HERE, sought, _LIMITS)

    return run_virtually(run())


@given(
    earlier=_turns, question=_questions, parts=_parts.filter(bool), pause_s=st.floats(0.0, 2.5), late_s=st.floats(0, 90)
)
@settings(deadline=None)
def test_an_answer_of_any_number_of_messages_is_found_whole_after_equal_questions(
    earlier: list[tuple[str, list[str]]], question: str, parts: list[str], pause_s: float, late_s: float
) -> None:
    """R9: several assistant messages in one turn, equal questions in a row, then a broken stream."""
    before = _messages(earlier)
    arrivals = [(0.0, HistoryMessage("user", f" {question}\n"))]
    arrivals += [
        (late_s + number * (pause_s + 0.001), HistoryMessage("assistant", part)) for number, part in enumerate(parts)
    ]
    found = _reconciled(before, arrivals, Sought(question, len(before)))
    assert found.found is Found.ANSWER
    assert found.answer == joined(parts)
    assert found.history_count == len(before) + 1 + len(parts)


@given(earlier=_turns, question=_questions)
@settings(deadline=None)
def test_a_question_that_is_not_there_never_arrived_whatever_was_asked_before(
    earlier: list[tuple[str, list[str]]], question: str
) -> None:
    """R8: only what stands at or after the point that was known before the request counts."""
    before = _messages(earlier)
    found = _reconciled(before, [], Sought(question, len(before)))
    assert (found.found, found.history_count) == (Found.NEVER_ARRIVED, len(before))


@given(kept_as=st.sampled_from(["YES", "yes.", "Yes, please", ""]))
@settings(deadline=None)
def test_a_question_that_is_kept_in_other_words_has_arrived(kept_as: str) -> None:
    """R8: only the bridge writes there."""
    messages = [(0.0, HistoryMessage("user", kept_as)), (4.0, HistoryMessage("assistant", "Well."))]
    assert _reconciled([], messages, Sought("yes", 0)).answer == "Well."


@given(
    text=st.text(st.characters(categories=["L", "P", "Zs"]), min_size=80, max_size=200), streamed=st.integers(0, 200)
)
@settings(deadline=None)
def test_an_answer_that_the_bridge_cut_is_told_from_its_part_by_its_length(text: str, streamed: int) -> None:
    """R12: TalkifAI writes on, or keeps the part that it had written, or nothing."""
    streamed = min(streamed, len(text))
    sought = Sought("yes", 0, surely_arrived=True, streamed=streamed, was_cut=True)
    asked = (0.0, HistoryMessage("user", "yes"))
    part = _reconciled([], [asked, (0.1, HistoryMessage("assistant", text[: streamed + 30]))], sought)
    whole = _reconciled([], [asked, (9.0, HistoryMessage("assistant", text + "x" * 100))], sought)
    nothing = _reconciled([], [asked], sought)
    assert (part.found, whole.found, nothing.found) == (Found.PART, Found.ANSWER, Found.NO_ANSWER)
    assert part.answer == text[: streamed + 30]
    assert {part.history_count, whole.history_count, nothing.history_count} == {1, 2}


def test_a_cut_answer_that_grows_in_the_history_is_waited_for() -> None:
    """R12: growth is a sign that it is still being written."""

    async def run() -> tuple[Reconciled, float]:
        agent = FakeAgent(says())
        history = agent.histories[_HERE.id] = [HistoryMessage("user", "yes"), HistoryMessage("assistant", "w")]
        loop = asyncio.get_running_loop()
        for second in range(60):
            grown = HistoryMessage("assistant", "words " * (second + 1))
            loop.call_later(second, lambda grown=grown: history.__setitem__(1, grown))  # type: ignore[misc]  # a closure in a loop
        sought = Sought("yes", 0, surely_arrived=True, streamed=300, was_cut=True)
        return await reconcile(agent, LoopClock(), _HERE, sought, _LIMITS), loop.time()

    found, took_s = run_virtually(run())
    assert found.answer == "words " * 60
    assert 60.0 < took_s < 80.0


def test_a_part_that_ends_in_the_middle_of_a_word_is_no_answer() -> None:
    """R12: a stream that broke under a worker, where TalkifAI stopped writing too."""
    messages = [HistoryMessage("user", "yes"), HistoryMessage("assistant", "It is forty-tw")]
    sought = Sought("yes", 0, surely_arrived=True, streamed=13, may_have_parts=False)
    assert _reconciled(messages, [], sought) == Reconciled(Found.PART, "It is forty-tw", 2)
    whole = [messages[0], HistoryMessage("assistant", "It is forty-two.")]
    assert _reconciled(whole, [], sought) == Reconciled(Found.ANSWER, "It is forty-two.", 2)
