"""What something that came in is, in one word: for tables of tests."""

from bridge.domain.incoming import Command, CommandName, Edit, Incoming, Question

Kind = type | CommandName


def kind_of(incoming: Incoming) -> Kind:
    """Return the member of the union, or which command it is."""
    return incoming.name if isinstance(incoming, Command) else type(incoming)


def words_of(incoming: Incoming) -> str:
    """Return the text that is meant for the agent."""
    return incoming.text if isinstance(incoming, Question | Edit) else ""
