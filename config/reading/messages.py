"""What is said of a value that pydantic refused: one table by error type. No message holds the value. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import Field
from typing import Any, get_args

from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic_core import ErrorDetails

from config.values.checks import Example

_NOT_ALLOWED = "is not an allowed value. Use {expected}."
_OUT_OF_RANGE = "is out of range. Use {range}."
_NOT_WHOLE = "is not a whole number. Use {range}."
_NOT_TEXT = "is not text. Put it in quotes."
_NOT_LIST = "is not a list. Write its entries in quotes, with commas between them."
MESSAGES: Mapping[str, str] = {
    "bool_parsing": "is not an allowed value. Use on or off.",
    "bool_type": "is not an allowed value. Use on or off.",
    "literal_error": _NOT_ALLOWED,
    "int_parsing": _NOT_WHOLE,
    "int_parsing_size": _OUT_OF_RANGE,
    "int_from_float": _NOT_WHOLE,
    "int_type": _NOT_WHOLE,
    "float_parsing": "is not a number. Use {range}.",
    "float_type": "is not a number. Use {range}.",
    "finite_number": _OUT_OF_RANGE,
    "greater_than": _OUT_OF_RANGE,
    "greater_than_equal": _OUT_OF_RANGE,
    "less_than": _OUT_OF_RANGE,
    "less_than_equal": _OUT_OF_RANGE,
    "too_short": "has too few entries. Use at least {min_length}.",
    "too_long": "has too many entries. Use at most {max_length}.",
    "string_too_long": "is too long. Use at most {max_length} characters.",
    "string_type": _NOT_TEXT,
    "string_too_short": "is empty. Give a value, or leave it out.",
    "dataclass_type": "is not a table. Write its keys below a header of its own.",
    "path_type": _NOT_TEXT,
    "dict_type": _NOT_TEXT,
    "tuple_type": _NOT_LIST,
    "frozen_set_type": _NOT_LIST,
    "is_instance_of": _NOT_LIST,
    "uuid_parsing": "is not a UUID. Copy the agent's id from TalkifAI: 32 hexadecimal digits in five groups.",
    "uuid_type": "is not a UUID. Copy the agent's id from TalkifAI: 32 hexadecimal digits in five groups.",
    "value_error": "{error}",
}
"""By pydantic's error type. `{error}` is a check's own words, `{range}` the field's bounds."""
_UNKNOWN = "cannot be read. See docs/configuration.md for what it may be."


def explain(error: ErrorDetails, field: Field[Any]) -> str:
    """Return two sentences: what is wrong with the value of a field, and what would be right."""
    message = MESSAGES.get(error["type"], _UNKNOWN)
    context = dict(error.get("ctx", {}))
    if "{range}" in message:
        context["range"] = _allowed_range(field)
    if "expected" in context:
        context["expected"] = context["expected"].replace("'", "")
    said = message.format_map(context)
    numbers = [part for part in error["loc"] if isinstance(part, int)]
    return f"entry {numbers[0] + 1} {said}" if numbers else said


def _allowed_range(field: Field[Any]) -> str:
    """Say which numbers a field takes, with an example."""
    example = field.default
    lowest = highest = ""
    for mark in _marks(field):
        match mark:
            case Example(value=value):
                example = value
            case Ge(ge=least):
                lowest = f"a whole number from {least}"
            case Gt(gt=below):
                lowest = f"seconds above {below}"
            case Le(le=most):
                highest = f"to {most}"
            case Lt(lt=above):
                highest = f"and below {above}"
    return f"{lowest} {highest}, such as {example:g}"


def _marks(field: Field[Any]) -> Iterator[Any]:
    """Return what stands beside the type of a field in its `Annotated`."""
    for mark in get_args(field.type)[1:]:
        yield from mark if isinstance(mark, Interval) else (mark,)
