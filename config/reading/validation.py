"""Makes checked values of what was read, with pydantic."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def validated(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return the value of a dataclass that has these fields. Raises pydantic's `ValidationError`."""
    return TypeAdapter(kind).validate_python(values)
