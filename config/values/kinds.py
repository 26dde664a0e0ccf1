"""Kinds of values that pydantic has no type for. A check's message never repeats the value, which may be a secret.

A check takes text and returns it in the form the bridge uses, or raises `ValueError` with two sentences: what is
wrong, and what would be right.
"""

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from config.values.checks import After, Before
from config.values.secret import Secret

_FERNET_KEY_BYTES = 32
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


def secret(check: Callable[[str], str]) -> After:
    """Apply a check to the text of a `Secret`."""
    return After(lambda value: Secret(check(value.get_secret_value())))


def matches(pattern: str, wrong: str) -> Callable[[str], str]:
    """Return a check that takes text of this form alone, and says `wrong` of any other."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(wrong)
        return text

    return check


def entries(separator: str, *, skip_empty: bool = False) -> Before:
    """Split text into trimmed entries; a list passes as it is."""

    def split(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = [part.strip() for part in value.split(separator)]
        return [part for part in found if part] if skip_empty else found

    return Before(split)


def from_text(parse: Callable[[str], Any]) -> Before:
    """Read text with `parse`; what is no text passes as it is."""
    return Before(lambda value: parse(value) if isinstance(value, str) else value)


def from_entries(parse: Callable[[str], Any]) -> Before:
    """Read text with `parse`, or a list, whose entries stand for text with commas between them."""

    def read(value: Any) -> Any:
        is_list = isinstance(value, list) and all(isinstance(entry, str) for entry in value)
        text = ",".join(value) if is_list else value
        return parse(text) if isinstance(text, str) else text

    return Before(read)


any_case = from_text(str.lower)
"""For a `Literal` in lower case: takes its words in any case."""

visible = matches(
    _VISIBLE_ASCII.pattern,
    "holds spaces or other characters that no token has. Copy the token again, and nothing else.",
)
Token = Annotated[Secret, secret(visible)]
"""A secret that travels in an HTTP header."""


def _fernet_key(text: str) -> str:
    try:
        length = len(base64.b64decode(text, altchars=b"-_", validate=True))
    except ValueError:
        length = 0
    if length != _FERNET_KEY_BYTES:
        make = "openssl rand -base64 32 | tr '+/' '-_'"
        raise ValueError(f"is not a key. Make one with `{make}`; separate several by commas.")
    return text


FernetKeys = Annotated[tuple[Annotated[Secret, secret(_fernet_key)], ...], entries(",")]
"""The first key seals, all of them open: so keys can be changed."""


def split_url(text: str, remedy: str) -> SplitResult:
    """Return the parts of an address. Raises `ValueError`, which ends with `remedy`, where it is none."""
    if not _VISIBLE_ASCII.fullmatch(text):
        raise ValueError(f"holds spaces or other characters that no address has. {remedy}")
    try:
        parts = urlsplit(text)
        _ = parts.port  # reading it checks it
    except ValueError:
        raise ValueError(f"is not an address. {remedy}") from None
    return parts


def http_url(text: str) -> str:
    """Check the address of an HTTP API; the result has no slash at the end."""
    remedy = "It has the form https://host or https://host:port/path."
    parts = split_url(text, remedy)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"is not an http or https address. {remedy}")
    if not parts.hostname:
        raise ValueError(f"names no host. {remedy}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"has a user, a query or a fragment, which cannot be part of it. {remedy}")
    return text.rstrip("/")


HttpUrl = Annotated[str, After(http_url)]


def _absolute(path: Path) -> Path:
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - pathlib's form raises for an unknown user


AbsolutePath = Annotated[Path, After(_absolute)]
