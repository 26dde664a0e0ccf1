from bridge.pages import Paginator


def _paginator(size: int) -> Paginator:
    return Paginator(lambda text: len(text) <= size)


def test_a_short_text_is_one_page() -> None:
    assert [page.shown() for page in _paginator(100).pages("Hello")] == ["Hello"]


def test_an_empty_text_is_one_empty_page() -> None:
    assert [page.shown() for page in _paginator(100).pages("")] == [""]


def test_a_cut_prefers_the_paragraph() -> None:
    text = "First paragraph is here.\n\nSecond paragraph goes on and on and on."
    assert [page.shown() for page in _paginator(45).pages(text)] == [
        "First paragraph is here.",
        "Second paragraph goes on and on and on.",
    ]


def test_a_heading_goes_with_its_text_to_the_next_page() -> None:
    text = "Some words come first here.\n\n## Next\n\nThen the text under the heading goes on."
    pages = [page.shown() for page in _paginator(60).pages(text)]
    assert pages[0] == "Some words come first here."
    assert pages[1].startswith("## Next")


def test_a_code_block_across_pages_keeps_its_language() -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(12))
    pages = [page.shown() for page in _paginator(100).pages(f"```python\n{code}\n```")]
    assert len(pages) > 1
    assert all(page.startswith("```python\n") and page.endswith("\n```") for page in pages)


def test_an_open_fence_is_closed_while_the_text_still_grows() -> None:
    assert _paginator(100).pages("Look:\n```js\nlet a")[0].shown() == "Look:\n```js\nlet a\n```"


def test_an_emoji_family_is_never_cut_apart() -> None:
    family = "👨‍👩‍👧‍👦"
    for page in _paginator(20).pages(family * 10):
        assert page.source.replace(family, "") == ""
