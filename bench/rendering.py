"""How long the renderer holds up the event loop of a worker at worst: `python -m bench.rendering [characters]`.

Hostile texts, and one of prose to compare with. For each channel: one look at the growing text, the pages of the final
one, each shown, and the dearest single message. The slowest come first.
"""

import sys
from collections.abc import Callable, Iterator
from time import process_time

from adapters.slack.format import markdown_block as slack
from adapters.telegram.format import markdown as telegram
from bridge.domain.pages import PageView
from bridge.markdown.pagination import Paginator
from bridge.markdown.streaming import stable_prefix

CHARACTERS = 16_000
_SHOWN = 15
_PER_MESSAGE = 12_000
_WIDE = "|" + "a|" * 800 + "\n|" + "-|" * 800 + "\n"
_REPEATED = {
    "prose": "The quick brown fox jumps over the lazy dog. ",
    "dollars": "$a ",
    "prices": "$1",
    "dollars and numbers": "$a$1 ",
    "stars": "*a ",
    "stars in words": "a**b**",
    "all marks": "*a _b **c __d ",
    "tildes": "~~a ",
    "open brackets": "[",
    "labels": "[a ",
    "half links": "[a](",
    "half links with titles": '[a](b "',
    "links": "[a](http://b.example) ",
    "links with parentheses": "[a](((((((((((",
    "images": "![",
    "definitions": "[a]: ",
    "short code": "`a` ",
    "code options": "`--opt`, ",
    "backslashes": "\\ a",
    "formulas": "\\(",
    "tags": "<a ",
    "addresses": "http://a@",
    "bracketed addresses": "<https://",
    "names": "@a ",
    "entities": "&a",
    "cell borders": "|a",
    "blank cells": "| ",
    "lines": "a\n",
    "empty lines": "\n",
    "empty quotes": ">\n",
    "blanks": " ",
    "one word": "x",
    "flags": "\U0001f1e6",
    "joiners": "\u200da",
    "combining marks": "\u0903",
    "products": "1*2",
    "quotes": "> a\n\n",
    "numbers": "1. a\n",
}


def texts(size: int) -> Iterator[tuple[str, str]]:
    for name, piece in _REPEATED.items():
        yield name, filled("", piece, size)
    yield "runs of ticks", " ".join("`" * count for count in range(1, size))[:size]
    yield "openers, then closers", filled("", "_a ", size // 2) + filled("", "b* ", size // 2)
    yield "deep items", "".join("  " * min(depth, 15) + "- a\n" for depth in range(size // 8))[:size]
    yield "deep quotes", filled("> " * 16, "a ", size)
    yield "table", filled("|a|b|\n|-|-|\n", "|x|y|\n", size)
    yield "wide table", filled(_WIDE, "|x|\n", size)
    yield "table with a wide row", filled(f"|a|b|\n|-|-|\n|{'x|' * (size // 4)}\n", "|x|\n", size)
    yield "table with a long header", filled(f"|{'a' * 3_800}|b|\n|-|-|\n", "|x|y|\n", size)
    yield "blank cells under a header", filled("| a | b |\n", "| ", size) + "x"
    yield "blanks under a header", filled("| a | b |\n| ", " ", size) + "x"
    yield "blanks in a link", filled("[a](", " ", size) + "x"
    yield "empty lines in code", filled("```\n", "\n", size)
    yield "code of one line", filled("```\n", "a ", size)
    yield "fence with a long language", filled(f"```{'a' * 5_000}\n", "a\n", size)
    yield "images in images", "![" * (size // 6) + "a" + "](b)" * (size // 6)
    yield "links in labels", "[" * (size // 6) + "a" + "](b)" * (size // 6)
    yield "emphasis in emphasis", "*a " * (size // 6) + "b* " * (size // 6)
    yield "rows of code", filled("|a|\n|-|\n", "`|` ", size)
    yield "long fence", filled(f"{'`' * 5_000}\n", "a\n", size)


def filled(start: str, piece: str, size: int) -> str:
    return (start + piece * (size // len(piece) + 1))[:size]


def seconds(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return process_time() - started


def final(fits: Callable[[str], bool], text: str) -> list[str]:
    return [page.shown() for page in Paginator(fits).pages(text)]


def measured(text: str) -> dict[str, float]:
    message = PageView(text=text[:_PER_MESSAGE])
    return {
        "look": seconds(lambda: stable_prefix(text)),
        "slack pages": seconds(lambda: final(slack.fits, text)),
        "telegram pages": seconds(lambda: final(telegram.fits, text)),
        "slack message": seconds(lambda: (slack.markdown_of(message), slack.plain_of(message))),
        "telegram message": seconds(lambda: telegram.render_page(message)),
    }


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else CHARACTERS
    rows = [(name, measured(text)) for name, text in texts(size)]
    rows.sort(key=lambda row: -max(row[1].values()))
    print("| CPU milliseconds |", " | ".join(rows[0][1]), "|")
    print("| --- |" + " ---: |" * len(rows[0][1]))
    prose = next(row for row in rows if row[0] == "prose")
    for name, columns in [*rows[:_SHOWN], prose]:
        print(f"| {name} |", " | ".join(f"{1_000 * column:.0f}" for column in columns.values()), "|")


if __name__ == "__main__":
    main()
