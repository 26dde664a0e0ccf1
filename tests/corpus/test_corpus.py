"""Answers as agents write them: what each channel shows of them, and how they grow."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from adapters.slack.format import markdown_block as slack
from adapters.telegram import limits as telegram_limits
from adapters.telegram.format import markdown as telegram
from adapters.telegram.format.markdown import Rendered
from bridge.markdown.pagination import Page, Paginator
from bridge.markdown.streaming import close_fence, render_partial
from sandbox.slack.screen import live_tokens
from sandbox.telegram.entities import check_entities, check_text, pings
from tests.corpus.shown import ANSWERS, golden_files

_WORD = re.compile(r"\w+")
_LOOKS = 80
"""How many prefixes of an answer are looked at: all of a short one."""

_PAGES = 12

_FIND_THEIR_FORM_LATE = {
    "emphasis-odd": "bold that is never closed",
    "setext-headings": "the underline comes after the heading",
    "table-without-outer-pipes": "the first cell is a line of text until its border comes",
}
"""Answers in which words that stand already change their look, with the reason."""

by_name = pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.stem)


def prefixes(text: str) -> Iterator[str]:
    step = max(1, len(text) // _LOOKS)
    yield from (text[:end] for end in (*range(1, len(text), step), len(text)))


def words(pages: Sequence[Page], *, final: bool) -> list[str]:
    """Return what people can read, without what a page repeats."""
    found: list[str] = []
    for page in pages:
        lead = _WORD.findall(telegram.render(page.lead).text) if page.lead.strip() else []
        shown = page.shown(final=final)
        seen = _WORD.findall(telegram.render(shown).text) if shown.strip() else []
        assert seen[: len(lead)] == lead or not seen or not page.lead.endswith("\n")
        found += seen[len(lead) :] if page.lead.endswith("\n") else seen
    return found


def goes_on(before: list[str], after: list[str]) -> bool:
    """Say whether all words that stood are there still, in order; the last one may have become longer."""
    rest = iter(after)
    return all(
        any(later == word or (word is before[-1] and later.startswith(word)) for later in rest) for word in before
    )


def styled(rendered: Rendered) -> list[tuple[str, tuple[str, ...]]]:
    """Return each visible character with its marks."""
    units = [unit for letter in rendered.text for unit in ([letter] if letter <= "\uffff" else [letter, ""])]
    marks: list[list[str]] = [[] for _ in units]
    for span in rendered.spans:
        for place in range(span.offset, span.offset + span.length):
            marks[place].append(span.kind)
    seen = zip(units, marks, strict=True)
    return [(unit, tuple(kinds)) for unit, kinds in seen if unit.strip() and unit not in "─\u2060"]


def assert_safe(page: str, rendered: Rendered) -> None:
    """Nobody is called, no token is live, the rules of both services are kept."""
    escaped = slack.escape_markdown(page)
    assert "<" not in escaped
    assert live_tokens({"text": escaped, "blocks": [{"type": "markdown", "text": escaped}]}) == []
    entities = [
        {"type": span.kind, "offset": span.offset, "length": span.length} | ({"url": span.url} if span.url else {})
        for span in rendered.spans
    ]
    check_text(rendered.text)
    check_entities(rendered.text, entities)
    assert pings(rendered.text, entities) == []


@by_name
def test_each_channel_shows_an_answer_as_in_its_golden_file(answer: Path) -> None:
    """S11, S12: see `python -m tests.corpus`."""
    for path, text in golden_files(answer):
        assert text == path.read_text(encoding="utf-8"), f"{path.name} differs"


@by_name
def test_no_prefix_of_an_answer_flashes_or_calls_anybody(answer: Path) -> None:
    """S11, A5, A6, S10: what is shown goes on from what was shown, with the marks it will keep; and it is safe."""
    text = answer.read_text(encoding="utf-8")
    goes_on_exactly = len(text) < telegram_limits.MESSAGE_LIMIT and answer.stem not in _FIND_THEIR_FORM_LATE
    final = styled(telegram.render(close_fence(text))) if goes_on_exactly else []
    for prefix in prefixes(text):
        shown = render_partial(prefix)
        if not shown.strip() or not telegram.fits(shown):
            continue
        rendered = telegram.render(shown)
        assert_safe(shown, rendered)
        now = styled(rendered)
        is_table = any(span.kind == "pre" for span in rendered.spans) and "│" in rendered.text
        assert is_table or not final or now == final[: len(now)], (prefix[-60:], shown[-60:])


@by_name
@pytest.mark.parametrize("size", [300, 3_000])
def test_no_word_that_was_shown_goes_away(answer: Path, size: int) -> None:
    """S11, S12: also across pages, and full pages stay as they are."""
    text = answer.read_text(encoding="utf-8")
    if len(text) > size * _PAGES:
        pytest.skip("long enough for the larger pages")
    paginator = Paginator(lambda shown: len(shown) <= size, max_pages=200)
    before: list[str] = []
    full: list[str] = []
    for prefix in prefixes(text):
        pages = paginator.pages(prefix)
        shown = [page.shown(final=False) for page in pages]
        assert shown[: len(full)] == full
        assert all(len(page) <= size + 20 for page in shown)
        full = [page.shown() for page in pages if page.continues]
        now = words(pages, final=False)
        assert goes_on(before, now), (prefix[-60:], before[-8:], now[-8:])
        before = now
    assert "".join(page.source for page in paginator.pages(text)).rstrip() == text.rstrip()
    assert goes_on(before, words(paginator.pages(text), final=True))


def test_there_are_answers_enough() -> None:
    assert len(ANSWERS) >= 60
