import io

import pytest

from adapters.terminal.screen import Screen
from bridge.domain.errors import MessageGone, PlaceGone
from bridge.domain.pages import PageView


def page(text: str, *, number: int = 1, turn_id: str = "q1", final: bool = False, status: str = "") -> PageView:
    return PageView(text=text, number=number, turn_id=turn_id, final=final, status=status)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def screen(out: io.StringIO) -> Screen:
    return Screen(out)


def test_without_a_terminal_only_the_final_text_is_printed(screen: Screen, out: io.StringIO) -> None:
    message_id = screen.post(page("Hel", status="Looking that up…"))
    screen.edit(message_id, page("Hello"))
    assert out.getvalue() == ""
    screen.edit(message_id, page("Hello Ada", final=True))
    assert out.getvalue() == "Hello Ada\n"


def test_pages_are_printed_in_the_order_in_which_they_were_posted(screen: Screen, out: io.StringIO) -> None:
    first = screen.post(page("one"))
    screen.post(page("two", number=2, final=True))
    assert out.getvalue() == ""
    assert not screen.is_settled
    screen.edit(first, page("one", final=True))
    assert out.getvalue() == "one\ntwo\n"
    assert screen.is_settled


def test_a_printed_page_can_be_shown_again_only_as_it_is(screen: Screen, out: io.StringIO) -> None:
    final = page("done", final=True)
    message_id = screen.post(final)
    screen.edit(message_id, final)
    with pytest.raises(MessageGone):
        screen.edit(message_id, page("other", final=True))
    assert out.getvalue() == "done\n"


def test_a_page_posted_anew_takes_the_place_of_the_unfinished_one(screen: Screen, out: io.StringIO) -> None:
    old = screen.post(page("half"))
    new = screen.post(page("half a"))
    screen.edit(new, page("whole", final=True))
    assert out.getvalue() == "whole\n"
    with pytest.raises(MessageGone):
        screen.edit(old, page("half", final=True))


def test_a_page_of_a_turn_that_is_over_does_not_hold_up_the_next_turn(screen: Screen, out: io.StringIO) -> None:
    screen.post(page("cut off", status="Looking that up…"))
    screen.post(page("next", turn_id="q2", final=True))
    assert out.getvalue() == "cut off\nnext\n"


def test_closing_prints_what_is_unfinished_as_far_as_it_came(screen: Screen, out: io.StringIO) -> None:
    screen.post(page("so far", status="Looking that up…"))
    screen.close()
    screen.close()
    assert out.getvalue() == "so far\n"


def test_prompts_and_signs_of_thinking_are_for_terminals_only(screen: Screen, out: io.StringIO) -> None:
    screen.say("Write a question.")
    screen.prompt()
    screen.think()
    screen.taken("line")
    assert out.getvalue() == ""


def test_a_closed_output_is_a_place_that_is_gone(screen: Screen, out: io.StringIO) -> None:
    """S14: the terminal was closed."""
    out.close()
    with pytest.raises(PlaceGone):
        screen.post(page("x", final=True))
    assert not Screen(out).draws


def test_a_sign_that_the_terminal_lacks_is_replaced() -> None:
    kept = io.BytesIO()
    terminal = io.TextIOWrapper(kept, encoding="ascii")
    Screen(terminal).post(page("grün", final=True))
    assert kept.getvalue() == b"gr?n\n"
