"""The terminal channel as a real process: on a pseudo-terminal, and between pipes."""

from collections.abc import Callable

import pytest

from bridge.domain.notices import Notice
from tests.english import english
from tests.pseudo_terminal import Terminal


def test_a_reply_grows_on_the_terminal_and_stays_when_it_is_whole(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("hello\n")
    terminal.until_prompted(2)
    picture = terminal.glass.text
    assert "you > hello\nask hello answered\n\nyou >" in picture
    assert picture.count("answered") == 1
    assert any("ask hel" in seen and "answered" not in seen for seen in terminal.glass.seen)
    assert any("Looking that up" in seen for seen in terminal.glass.seen)
    assert "Looking that up" not in picture
    assert terminal.glass.cursor_shown


def test_both_pages_of_a_reply_come_before_the_next_prompt(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("pages\n")
    terminal.until_prompted(2)
    assert terminal.glass.text.endswith("you > pages\nfirst page\n\nsecond page\n\nyou >")


def test_a_reply_taller_than_the_terminal_is_printed_once_and_whole(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("long\n")
    terminal.until_prompted(2)
    shown = [line for line in terminal.glass.text.split("\n") if line.startswith("line ")]
    assert shown == [f"line {number}" for number in range(60)]


def test_what_is_typed_during_a_reply_waits_and_is_shown_when_its_turn_comes(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("first\n")
    terminal.until(lambda: not terminal.echoes())
    terminal.type("second\n")
    terminal.until_prompted(3)
    picture = terminal.glass.text
    assert picture.endswith("you > first\nask first answered\n\nyou > second\nask second answered\n\nyou >")
    assert terminal.echoes()


@pytest.mark.parametrize("word", ["stop", "/STOP"])
def test_stop_is_heard_while_a_reply_grows_and_other_lines_wait(terminal: Terminal, word: str) -> None:
    """S17: typed blindly, as the terminal shows nothing meanwhile."""
    terminal.until_prompted(1)
    terminal.type("endless\n")
    terminal.until(lambda: "so far" in terminal.glass.text)
    terminal.type(f"afterwards\n{word}\n")
    terminal.until_prompted(3)
    assert "you > endless\nso far\nStopped.\n\nyou > afterwards\nask afterwards answered" in terminal.glass.text


def test_ctrl_c_stops_the_reply_and_at_the_prompt_it_leaves(terminal: Terminal) -> None:
    """S17: as people expect of a terminal."""
    terminal.until_prompted(1)
    terminal.type("endless\n")
    terminal.until(lambda: "so far" in terminal.glass.text)
    terminal.interrupt()
    terminal.until_prompted(2)
    assert "so far\nStopped." in terminal.glass.text
    terminal.interrupt()
    assert terminal.wait() == 0
    assert terminal.echoes()


def test_a_second_ctrl_c_leaves_at_once(terminal: Terminal) -> None:
    """S17: also where nothing stops the reply."""
    terminal.until_prompted(1)
    terminal.type("deaf\n")
    terminal.until(lambda: "so far" in terminal.glass.text)
    terminal.interrupt()
    terminal.until(lambda: "heard" in terminal.glass.text)
    terminal.interrupt()
    assert terminal.wait() == 0


def test_a_stop_at_the_prompt_says_that_there_is_nothing_to_stop(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("stop\n")
    terminal.until_prompted(2)
    assert english(Notice.NOTHING_TO_STOP) in terminal.glass.text


def test_quit_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("/quit\n")
    assert terminal.wait() == 0
    assert terminal.echoes()
    assert terminal.glass.cursor_shown


def test_the_end_of_input_leaves(terminal: Terminal) -> None:
    terminal.until_prompted(1)
    terminal.type("\x04")
    assert terminal.wait() == 0


def test_piped_questions_are_asked_in_order_and_each_page_is_printed_once(talk: Callable[[bytes], list[str]]) -> None:
    lines = talk(b"one\n\npages\ntwo\r\nlast")
    assert lines == [
        "ask **one** answered",
        "first page",
        "second page",
        "ask **two** answered",
        "ask **last** answered",
    ]


def test_an_empty_pipe_ends_at_once(talk: Callable[[bytes], list[str]]) -> None:
    assert talk(b"") == []
