"""Rich Markdown of an exact length, the same for the same length. Each block is numbered: a loss or a double shows."""

from collections.abc import Iterator
from itertools import count

_SENTENCE = (
    "the agent reads every question with care and answers in plain words so that people in the thread can follow "
    "what was found where it came from and what to do next"
)
_WORDS = _SENTENCE.split()


def long_answer(characters: int) -> str:
    """Return Markdown of exactly that many characters: headings, lists, fenced code, tables, emoji."""
    parts: list[str] = []
    room = characters
    for block in _blocks():
        if len(block) >= room:
            break
        parts.append(block)
        room -= len(block)
    return "".join(parts) + _filler(room)


def _blocks() -> Iterator[str]:
    for number in count(1):
        yield f"## Part {number} 🧭\n\n"
        yield f"{_prose(number, 60)}\n\n"
        yield f"- point {number}.1 with **bold words**\n- point {number}.2 with `code` and an emoji 👩‍🚀\n\n"
        yield f"```python\ndef part_{number}(value: int) -> int:\n    return value * {number}\n```\n\n"
        yield f"| item | value |\n| --- | ---: |\n| first of {number} | {number * 7} |\n| second | 日本 |\n\n"


def _prose(number: int, words: int) -> str:
    start = number % len(_WORDS)
    chosen = (_WORDS[(start + index) % len(_WORDS)] for index in range(words))
    return f"Paragraph {number}: {' '.join(chosen)}."


def _filler(characters: int) -> str:
    """Return plain text of that length, which begins and ends with a letter or a full stop."""
    if characters <= 0:
        return ""
    text = f"{_SENTENCE} " * (characters // len(_SENTENCE) + 1)
    return text[: characters - 1].rstrip().ljust(characters - 1, "x") + "."
