"""Hostile variants of what services send: deterministic, so that a failure comes again."""

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

_VALUES: Sequence[Any] = (
    None, True, False, 0, -1, 2**63, 10**400, 1.5, float("inf"), float("nan"), "", " ", "x" * 5_000, "\x00", "\ud800",
    "é" * 50, "<!channel>", "../../etc/passwd", "%s%s{}", "'; --", [], {}, [[]], [None] * 50, {"": {"": {}}},
    {"type": "message"}, "9" * 400, "1.0", "-1", "T0NORTH", "im", "message_changed",
)  # fmt: skip
_RAW: Sequence[bytes] = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 50_000, b'{"a":' * 5_000, b"payload=", b"payload=%7B",
    b"payload=%7B%7D", b"payload=null", b"command=%2Fx", b"a=b&" * 10_000, b"\x00" * 1_000,
    b'{"type":"url_verification"}',
    b'{"type":"event_callback"}', b'{"type":"event_callback","event":null}', b'{"update_id":1}', b"1e999999",
)  # fmt: skip


def variants(samples: Sequence[dict[str, Any]], seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield so many samples in which some parts are something else."""
    chance = random.Random(seed)  # noqa: S311 - a failure has to come again
    for _ in range(count):
        changed = copy.deepcopy(chance.choice(samples))
        for _ in range(chance.randint(1, 4)):
            _change(changed, chance)
        yield changed


def raw_bodies() -> Sequence[bytes]:
    """Return bodies that are nothing that a service sends."""
    return _RAW


def headers(seed: int, count: int, names: Sequence[str]) -> Iterator[dict[bytes, bytes]]:
    """Yield so many sets of headers, some of the names with hostile values."""
    chance = random.Random(seed)  # noqa: S311 - as above
    for _ in range(count):
        yield {name.encode(): _header(chance) for name in names if chance.random() < 0.8}


def _header(chance: random.Random) -> bytes:
    kinds = (b"v0=" + b"0" * 64, b"v0=", b"", b"1", b"9" * 12, b"9" * 400, b"-1", b"nan", b"\xc3\xa9", b"a" * 3_000)
    return chance.choice((*kinds, bytes(chance.choices(range(33, 127), k=40))))


def _change(root: dict[str, Any], chance: random.Random) -> None:
    """Put something else at a place somewhere in the tree, or take it away."""
    at: Any = root
    while True:
        inner = [key for key, value in _items(at) if isinstance(value, dict | list) and value]
        if not inner or chance.random() < 0.3:
            break
        at = at[chance.choice(inner)]
    key = chance.choice([key for key, _ in _items(at)])
    if isinstance(at, dict) and chance.random() < 0.2:
        del at[key]
        if not root:
            root["type"] = "event_callback"
    else:
        at[key] = copy.deepcopy(chance.choice(_VALUES))


def _items(node: Any) -> list[tuple[Any, Any]]:
    return list(node.items()) if isinstance(node, dict) else list(enumerate(node))
