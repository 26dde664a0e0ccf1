"""Puts the figures of a bench on the page in docs/, between marks, so that they are never copied by hand."""

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- {name}: begin -->", "<!-- {name}: end -->"


def paste(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between the two marks of that name. Raises `ValueError` where they are missing."""
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ends, after = rest.partition(end)
    if not found or not ends:
        raise ValueError(f"{page} has no marks for {name}")
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
