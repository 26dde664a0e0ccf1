"""What pydantic does with a value beside looking at its type. They stand in `Annotated`, and load nothing of pydantic.

Only the process that checks the settings has it: it takes 10 MB.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Before:
    """Reads a value before pydantic looks at its type. For `Annotated`."""

    read: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        """Read, then do the rest."""
        # Imported late: only the process that checks settings has pydantic.
        from pydantic_core import core_schema  # noqa: PLC0415 - the reason stands above

        return core_schema.no_info_before_validator_function(self.read, handler(source))


@dataclass(frozen=True, slots=True)
class After:
    """Checks a value of the right type, and returns it in the form the bridge uses. For `Annotated`."""

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        """Do the rest, then check."""
        from pydantic_core import core_schema  # noqa: PLC0415 - as above

        return core_schema.no_info_after_validator_function(self.check, handler(source))


@dataclass(frozen=True, slots=True)
class Made:
    """Takes what a `Before` behind it has made, and nothing else. For `Annotated`."""

    kind: type

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[object], Any]) -> Any:
        """Look at the type alone."""
        del source, handler
        from pydantic_core import core_schema  # noqa: PLC0415 - as above

        return core_schema.is_instance_schema(self.kind)


@dataclass(frozen=True, slots=True)
class Example:
    """A number for the message about a wrong one, where there is no default to show. For `Annotated`."""

    value: float
