"""JSON as Redis keeps it."""

import json
from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """Write JSON without spaces: scripts look for parts of it."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
