"""Under which name a conversation is opened."""

from dataclasses import replace

import pytest

from bridge.access.memory import Memory, identifier_in
from tests.fakes import question

PERSONAL = "ada@example.com"


@pytest.mark.parametrize(
    ("memory", "is_direct", "identifier"),
    [
        (Memory.DIRECT, True, PERSONAL),
        (Memory.DIRECT, False, "fake:A1:P1:T1"),
        (Memory.EVERYWHERE, True, PERSONAL),
        (Memory.EVERYWHERE, False, PERSONAL),
        (Memory.OFF, True, ""),
        (Memory.OFF, False, ""),
    ],
)
def test_a_persons_memory_is_opened_where_the_operator_allows_it(
    memory: Memory,
    is_direct: bool,  # noqa: FBT001 - a table
    identifier: str,
) -> None:
    """A22: by default only where that person alone talks to the agent."""
    asked = question()
    asked = replace(asked, origin=replace(asked.origin, is_direct=is_direct))
    assert identifier_in(memory, asked, PERSONAL) == identifier
