"""No pattern over foreign text takes time that grows with the square of the text.

Times differ from machine to machine, so the growth is compared: twice the text may take about twice the time.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
import regex

import adapters
import bridge
import config
from adapters.slack.api.identity import BotIdentity
from adapters.slack.inbound.event_parser import read_message
from adapters.slack.people.directory import plain_name
from adapters.telegram.inbound.message_text import read_message_text
from bridge.access.routes import command_of
from bridge.markdown.sanitize import sanitize
from config.redaction import Redactor
from config.slack import SlackSettings

Pattern = re.Pattern[Any] | regex.Pattern[Any]

_FIRST_LOOK = 10_000
_AT_ONCE_S = 0.005
_SIZES = (3_125, 6_250, 12_500, 25_000, 50_000, 100_000, 200_000)
_NOTICEABLE_S = 0.02
_GROWTH = 3.3
"""Twice the text: 2 where time is linear, 4 where it is quadratic."""

_WORDS = (
    *" \t\n\raA1_.-:/@#<>([]\\`*~|$!?&=;'%{}^\u200b\u0301\u2028",
    *("a ", "a.", "a:", "1.", "1:", "@a", "<@", "<@U1", "<@U1|", "<a", "<a:", "<!", "[a", "[a]", "](", "[[", "\\["),
    *("://", "://:", "a://a:", "?token=", "&lt;", "&a", "eyJ", "tk_live_", "xoxb-", "/bot1", "1000000:", "Bearer "),
    *("| ", "|-", "- ", "1. ", "# ", "```", "``a", "**a", "* ", "a* ", "www.", "http://a", "/a", "/a@", "a@", "a@a."),
    *("\r\n", "a\n", " \n", "\n\n", "a . ", "!a", "![", "&#", "<br", "<br ", "\t ", "$a", "$ ", ": ", "\\("),
)
_HEADS = ("", "<@U1", "[", "(", "://", "$")
_TAILS = ("", "b", "\x00")


def _modules() -> Iterator[str]:
    for package in (adapters, bridge, config):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield found.name


def _patterns() -> Iterator[tuple[str, Pattern, AbstractSet[str]]]:
    """Yield each compiled pattern of the product, and by which methods its module uses it."""
    for name in _modules():
        module = importlib.import_module(name)
        for variable, value in vars(module).items():
            if found := list(_found_in(value)):
                uses = set(re.findall(rf"\b{re.escape(variable)}\.(\w+)", inspect.getsource(module)))
                for number, one in enumerate(found):
                    yield f"{name}.{variable}.{number}", one, uses or {"search", "fullmatch"}


def _most(name: str) -> int:
    """Return how long a text is tried: what agents write is read page by page."""
    return _SIZES[2] if name.startswith("bridge.markdown.") else _SIZES[-1]


def _found_in(value: object) -> Iterator[Pattern]:
    match value:
        case re.Pattern() | regex.Pattern():
            yield value
        case tuple() | dict():
            # A table's row may hold a pattern beside what becomes of it.
            for one in value.values() if isinstance(value, dict) else value:
                yield from _found_in(one)


def _hostile() -> Iterator[Callable[[int], str]]:
    for word in _WORDS:
        for head in _HEADS:
            for tail in _TAILS[:1] if head else _TAILS:

                def text(size: int, head: str = head, word: str = word, tail: str = tail) -> str:
                    return head + word * (size // len(word)) + tail

                yield text


def _time_of(read: Callable[[str], object], text: str) -> float:
    began = process_time()
    read(text)
    return process_time() - began


def _grows_too_fast(read: Callable[[str], object], text_of: Callable[[int], str], most: int) -> str:
    """Return what was measured where the time more than doubles with the text, else nothing.

    A text of 10,000 characters that is read at once needs no comparison; one that takes seconds gets no longer one.
    """
    if _time_of(read, text_of(_FIRST_LOOK)) < _AT_ONCE_S:
        return ""
    for shorter, longer in pairwise(size for size in _SIZES if size <= most):
        times = [min(_time_of(read, text_of(size)) for _ in range(3)) for size in (shorter, longer)]
        if times[1] > _NOTICEABLE_S and times[1] > _GROWTH * times[0]:
            return f"{text_of(20)!r}: {times[0]:.3f} s for {shorter}, {times[1]:.3f} s for {longer} characters"
    return ""


def _check(read: Callable[[str], object], most: int = _SIZES[-1]) -> None:
    assert [found for text_of in _hostile() if (found := _grows_too_fast(read, text_of, most))] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("pattern", "uses", "most"), [pytest.param(one, uses, _most(name), id=name) for name, one, uses in _patterns()]
)
def test_a_pattern_reads_each_character_a_bounded_number_of_times(
    pattern: Pattern, uses: AbstractSet[str], most: int
) -> None:
    """A16: growth of time, for every pattern there is, in the way in which it is used."""

    def read(text: str) -> None:
        subject = text.encode("utf-8", "surrogatepass") if isinstance(pattern.pattern, bytes) else text
        if uses - {"match", "fullmatch"}:
            for _ in pattern.finditer(subject):
                pass
        for anchored in uses & {"match", "fullmatch"}:
            getattr(pattern, anchored)(subject)

    _check(read, most)


_BOT = BotIdentity(team_id="T1", bot_user_id="U1", url="https://x.example")


def _slack_message(text: str) -> object:
    event = {"type": "message", "channel": "C1", "user": "U2", "ts": "1.0", "thread_ts": "0.5", "text": text}
    return read_message({"type": "event_callback", "event": event}, _BOT, SlackSettings())


def _telegram_message(text: str) -> object:
    entities = [{"type": "mention", "offset": 3 * number, "length": 2} for number in range(100)]
    return read_message_text({"text": text, "entities": entities}, 1, "a")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "read",
    [
        pytest.param(_slack_message, id="a message of Slack"),
        pytest.param(_telegram_message, id="a message of Telegram"),
        pytest.param(plain_name, id="a name"),
        pytest.param(sanitize, id="sanitize"),
        pytest.param(Redactor(["a-secret"]).text, id="a log line"),
        pytest.param(command_of, id="a command of a route"),
    ],
)
def test_what_strangers_write_is_read_in_time_that_grows_with_the_text(read: Callable[[str], object]) -> None:
    """A16: growth of time, from the event to the question."""
    _check(read)
