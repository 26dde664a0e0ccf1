"""Sixty and more answers as an agent writes them, and what each channel makes of them, page by page.

`python -m tests.corpus` writes the golden files anew: look at the difference with your own eyes before you keep it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.slack.format import markdown_block as slack
from adapters.telegram.format import markdown as telegram
from bridge.domain.pages import PageView
from bridge.markdown.pagination import Page, Paginator
from sandbox.telegram.entities import slice_of

HERE = Path(__file__).parent
ANSWERS = sorted((HERE / "answers").glob("*.md"))
GOLDEN = HERE / "golden"


def golden_files(answer: Path) -> Iterator[tuple[Path, str]]:
    """Yield each golden file of an answer, and what belongs into it."""
    text = answer.read_text(encoding="utf-8")
    channels: dict[str, tuple[Callable[[str], bool], Callable[[PageView], str]]] = {
        "slack": (slack.fits, slack_message),
        "telegram": (telegram.fits, telegram_message),
    }
    for name, (fits, message) in channels.items():
        pages = Paginator(fits).pages(text)
        parts = [f"===== page {number} of {len(pages)}{told(page)}\n" for number, page in enumerate(pages, 1)]
        bodies = [message(PageView(text=page.shown())) for page in pages]
        written = "\n".join(part + body for part, body in zip(parts, bodies, strict=True))
        yield GOLDEN / f"{answer.stem}.{name}.txt", written


def told(page: Page) -> str:
    """Say what a page repeats."""
    return f", repeating {page.lead!r}" if page.lead else ""


def slack_message(view: PageView) -> str:
    """Write what `chat.postMessage` gets: the block, and the text beside it."""
    return f"{slack.markdown_of(view).rstrip()}\n----- text\n{slack.plain_of(view)}\n"


def telegram_message(view: PageView) -> str:
    """Write what `sendMessage` gets: the text, and its entities with their words."""
    rendered = telegram.render_page(view)
    lines = [rendered.text, "----- entities"]
    for span in rendered.spans:
        words = slice_of(rendered.text, {"offset": span.offset, "length": span.length})
        more = " ".join(part for part in (span.url, span.language) if part)
        lines.append(f"{span.kind}{f' [{more}]' if more else ''}: {shortened(words)}")
    return "\n".join(lines) + "\n"


def shortened(words: str) -> str:
    """Show both ends of a long stretch."""
    line = repr(words)[1:-1]
    return line if len(line) <= 80 else f"{line[:50]} [...] {line[-20:]}"
