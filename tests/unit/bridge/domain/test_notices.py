"""What the bridge itself says."""

import pytest

from bridge.domain.incoming import COMMAND_WORDS, CommandName
from bridge.domain.notices import (
    COMMAND_DESCRIPTIONS,
    SLASHES,
    TALKIFAI_COMMAND,
    TERMINAL,
    WORDS,
    CommandStyle,
)
from bridge.texts.sentences import help_text
from tests.english import english


@pytest.mark.parametrize(
    ("style", "form", "more"), [(WORDS, "stop: ", set()), (SLASHES, "/stop: ", set()), (TERMINAL, "/stop: ", {"quit"})]
)
def test_help_names_each_command_as_it_is_written_in_that_channel(
    style: CommandStyle, form: str, more: set[str]
) -> None:
    lines = help_text(english, style).split("\n")[1:]
    assert lines[0].startswith(form)
    assert {line.partition(":")[0].removeprefix("/") for line in lines} == COMMAND_WORDS | more


def test_the_help_of_the_slash_command_names_what_it_takes() -> None:
    named = [line.partition("`:")[0] for line in help_text(english, TALKIFAI_COMMAND).split("\n")[1:]]
    assert named == [f"`/talkifai {word}" for word in ("status", "end", "stop", "new", "human", "agent", "help")]


def test_every_command_is_described() -> None:
    assert set(COMMAND_DESCRIPTIONS) == COMMAND_WORDS | {CommandName.START}
