"""The base of every section of the settings: plain values, which pydantic checks and is not needed for later."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar


class Checked:
    """What pydantic checks: it refuses what is no field."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "hide_input_in_errors": True}


@dataclass(frozen=True, kw_only=True)
class Section(Checked):
    """Settings of one area, frozen."""

    prefix: ClassVar[str] = ""
    """What the section's variables begin with."""
    credentials: ClassVar[tuple[str, ...]] = ()
    """Of a channel: any one of these variables says that it is wanted."""
    names: ClassVar[Mapping[str, str]] = {}
    """The variables of fields that are not named by the rule: the prefix and the field's name, in capitals."""

    @classmethod
    def contradictions(cls, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return a variable and a sentence for each set or missing variable that does not go with the others.

        Args:
            given: What is set, by variable.
        """
        del given
        return []

    @classmethod
    def toml_keys(cls) -> dict[str, str]:
        """Return the variable of each key that a configuration file may have in this section's table."""
        return {name.removeprefix(cls.prefix).lower(): name for name in cls.variables().values()}

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Return the variable of each field, in their order."""
        return {field.name: cls.names.get(field.name, f"{cls.prefix}{field.name.upper()}") for field in fields(cls)}
