"""A6: whatever surrounds it, no link on Slack leads elsewhere than its label says."""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

import pyromark
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.slack.format.markdown_block import markdown_of
from bridge.domain.pages import PageView

OPTIONS = (
    pyromark.Options(0),
    pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS,
)
LABELS = ("google.com", "**google**.com", "`google`.com", "google\u3002com", "goo\u200bgle\uff0ecom", "google&#46;com")
TARGETS = (
    *("](https://evil.example)", "](https://google.com\\@evil.example)", "](https://google.com&#64;evil.example)"),
    *("](foo`)", "](<https://evil.example>)", '](https://evil.example "`")', "](https://evil.example/[)", "]: foo`\n"),
    *("](https://google.com/a)", "](javascript:x)", "][r]", "]: https://evil.example\n"),
)
PIECES = (
    *(*LABELS, *LABELS, *TARGETS, *TARGETS),
    *("[", "[", "[", "![", "]", "[r", "`", "``", "`", " ", "\n", "\n\n", "```\n", "    ", "\\", '<b x="`">', "<b>"),
    *("<https://evil.example/`>", "<", ">", "> ", "- ", "| a | b |\n|---|---|\n", "|", "*", "_", "$", "\\(", "&lt;"),
)


def live_links(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield the words and the address of each link, read in all the ways that Slack could."""
    for text in {markdown, markdown.replace("&lt;", "<")}:
        for options in OPTIONS:
            opened: list[tuple[list[str], str]] = []
            for event in pyromark.events(text, options=options):
                match event:
                    case {"Start": {"Link": link} | {"Image": link}}:
                        opened.append(([], link["dest_url"]))
                    case {"End": "Link" | "Image"}:
                        words, address = opened.pop()
                        if address != "".join(words):  # an address alone
                            yield "".join(words), address
                    case {"Text": str(words)} | {"Code": str(words)}:
                        for label, _ in opened:
                            label.append(words)
                    case _:
                        continue


def looks_like_google(label: str) -> bool:
    seen = unicodedata.normalize("NFKC", label).replace("\u200b", "").replace("\u3002", ".")
    return re.search(r"(?<!\S)[^\s/]*google\.com", seen) is not None  # behind a slash it is another address's path


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=1_000, deadline=None)
@example('<b x="`"> ` [google.com](https://evil.example) `')
@example("[x](foo`) ` [google.com](https://evil.example) `")
@example("[x]: foo`\n` [google.com](https://evil.example) `")
@example("| a | b |\n|---|---|\n| ` | [google.com](https://evil.example) ` |")
@example("[google.com ![x](https://evil.example/[) ](https://evil.example)")
def test_no_link_that_is_sent_leads_elsewhere_than_its_label_says(text: str) -> None:
    """A6: the Markdown that is sent, parsed again."""
    for label, address in live_links(markdown_of(PageView(text=text))):
        assert address.lower().startswith(("https://", "http://", "mailto:")), address
        if looks_like_google(label):
            assert urlsplit(address).netloc == "google.com", (label, address)
