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


Screen = Callable[[Mapping[str, str]], bool]
"""Says by the headers alone whether the request's body may be read. They are named in lower case."""

WebHandler = Callable[[WebRequest], Awaitable[WebAnswer]]
"""Answers one request. Several may be under way at a time."""


class WebRoutes(Protocol):
    """Paths of the web server. An unused one is answered with 503 below a channel's name, else with 404."""

    def serve(
        self,
        path: str,
        handler: WebHandler,
        method: str = "POST",
        *,
        screen: Screen | None = None,
        largest_body: int = 0,
    ) -> AbstractContextManager[None]:
        """Give requests for this path to the handler inside a block. Raises `ValueError` where it is taken.

        Args:
            path: The whole path.
            handler: Answers.
            method: The only one that is answered.
            screen: A request that it does not let pass is answered with 401, unread.
            largest_body: In bytes. A larger body is answered with 413.
        """
        ...
