"""What a channel and a web server say to each other: plain values, and the port by which paths are given out."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One request, read to its end."""

    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes = b""
    query: str = ""
    """What stands after the `?`, as it came."""


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What is answered."""

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


WebHandler = Callable[[WebRequest], Awaitable[WebAnswer]]
"""Answers one request. Several may be under way at a time."""


class WebRoutes(Protocol):
    """Paths of the web server. One that nobody has is answered with 503 below a channel's name, else with 404."""

    def serve(self, path: str, handler: WebHandler, method: str = "POST") -> AbstractContextManager[None]:
        """Give requests for this path to the handler inside a block. Raises `ValueError` where somebody has it."""
        ...
