"""The talk in a terminal as a person has it: a real process with its own Redis, and a scripted agent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.domain.notices import TERMINAL, Notice
from bridge.texts.sentences import help_text
from tests.english import english
from tests.pseudo_terminal import Terminal

pytestmark = pytest.mark.scenario


@pytest.fixture
def terminal(short_tmp_path: Path) -> Iterator[Terminal]:
    started = Terminal("-m", "sandbox.chat", TMPDIR=str(short_tmp_path), HOME=str(short_tmp_path))
    yield started
    started.close()


def test_a_talk_in_the_terminal_knows_the_commands_and_ctrl_c_stops_the_answer(terminal: Terminal) -> None:
    """S17: bare words and slashes are commands, and cost nothing."""
    terminal.until_prompted(1)
    terminal.type("status\n")
    terminal.until_prompted(2)
    assert english(Notice.NOTHING_OPEN) in terminal.glass.text.replace("\n", " ")
    terminal.type("/help\n")
    terminal.until_prompted(3)
    assert "/stop: Stop the answer\n" in terminal.glass.text
    assert all(f"/{word}: " in terminal.glass.text for word in TERMINAL.descriptions)
    assert help_text(english, TERMINAL).count("\n") == len(TERMINAL.descriptions)
    terminal.type("What can you do?\n")
    terminal.until(lambda: not terminal.echoes() and "What can you do?" in terminal.glass.text)
    terminal.interrupt()
    terminal.until(lambda: english(Notice.STOPPED) in terminal.glass.text)
    terminal.until_prompted(4)
    terminal.interrupt()
    assert terminal.wait() == 0
