"""The base of every section of the settings."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


def variables(prefix: str) -> Callable[[str], str]:
    """Return the rule that names the variable of a field: the prefix and the field's name, in capitals."""
    return lambda name: f"{prefix}{name.upper()}"


class Section(BaseModel):
    """Settings of one area, checked and frozen. An alias is the variable that a field is read from."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True
    )
    prefix: ClassVar[str] = ""
    """What the section's variables begin with."""
    credentials: ClassVar[tuple[str, ...]] = ()
    """Of a channel: any one of these variables says that it is wanted."""

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
        return {name.removeprefix(cls.prefix).lower(): name for name in cls.variable_names()}

    @classmethod
    def variable_names(cls) -> tuple[str, ...]:
        """Return the variables of this section, in their order."""
        return tuple(str(field.alias) for field in cls.model_fields.values())
