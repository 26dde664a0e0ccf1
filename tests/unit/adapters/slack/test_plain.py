"""The words beside the blocks: notifications show them."""

import pytest

from adapters.slack.format.markdown_block import plain_of
from adapters.slack.format.plain_text import strip_markdown
from bridge.domain.pages import PageView


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("## A *title*\n\nand **text**", "A title\n\nand text"),
        ("1. a\n2. b\n   - c\n3. d", "1. a\n2. b\n  • c\n3. d"),
        ("7. a\n8. b", "7. a\n8. b"),
        ("- [x] done\n- [ ] to do", "☑ done\n☐ to do"),
        ("a\n\n```py\nx = 1\n```\n\nb", "a\n\nx = 1\n\nb"),
        ("| a | b |\n|---|---|\n| c | d |", "a | b\nc | d"),
        ("[docs](https://docs.example)", "docs (https://docs.example)"),
        ("https://docs.example", "https://docs.example"),
        ("![chart](https://i.example/c.png)", "chart (https://i.example/c.png)"),
        ("[write](mailto:a@docs.example)", "write (mailto:a@docs.example)"),
        ("> quoted\n\n---\n\nend", "quoted\n\n———\n\nend"),
        ("`code` &amp; ~~old~~", "code & old"),
    ],
)
def test_marks_become_words(markdown: str, words: str) -> None:
    assert strip_markdown(markdown) == words


def test_html_and_definitions_stay_as_they_were_written() -> None:
    text = plain_of(PageView(text="<div>\n**a** List<String>\n</div>\n\n[1]: https://docs.example"))
    assert text == "&lt;div&gt;\na List&lt;String&gt;\n&lt;/div&gt;\n\n[1]: https://docs.example"
