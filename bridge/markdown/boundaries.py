"""Where a page may end between two lines, and what each such place costs. Pure."""

from collections.abc import Iterator

from bridge.markdown.blocks import Kind, Open, read_line

_HEADING, _BLOCK, _ITEM, _INNER, _LINE, SENTENCE, _ROW = 0.0, 0.1, 0.2, 0.3, 0.45, 0.5, 0.65
"""How much of the page each kind of boundary may leave empty before a later, lesser one is better."""


def line_starts(text: str, opened: Open) -> Iterator[tuple[int, float]]:
    """Yield the line starts where a page may end, with how much room each may waste."""
    state, place = opened, 0
    before: Kind | None = None
    after_blank = announces = False
    for line in text.split("\n"):
        seen = read_line(state, line)
        state = seen.after
        if seen.kind is not Kind.BLANK:
            # A heading belongs to what follows; so do a fence's first line and a table's header, and a block of code
            # or a heading's underline ends what came before.
            is_kept_together = (
                before in (None, Kind.HEADING, Kind.FENCE, Kind.DELIMITER)
                or seen.kind in (Kind.FENCE_END, Kind.DELIMITER, Kind.UNDERLINE)
                or (seen.kind is Kind.MORE and not seen.has_marker and line[seen.content :].startswith("|"))
            )
            if not is_kept_together:
                cost = _cost(seen.kind, seen.kept, has_marker=seen.has_marker, after_blank=after_blank)
                yield place, max(cost, _LINE) if announces else cost
            before = seen.kind
            announces = seen.kind in (Kind.TEXT, Kind.MORE) and line.rstrip().endswith((":", "："))  # noqa: RUF001 - a full-width colon
        after_blank = seen.kind is Kind.BLANK or (seen.kind is Kind.CODE and not line.strip())
        place += len(line) + 1


def _cost(kind: Kind, depth: int, *, has_marker: bool, after_blank: bool) -> float:
    if kind is Kind.ROW:
        return _ROW
    if kind is Kind.MORE:
        return _LINE
    if kind in (Kind.CODE, Kind.INDENTED):
        return _INNER if after_blank else _LINE
    if depth:
        return _INNER
    if has_marker:
        return _ITEM
    return _HEADING if kind is Kind.HEADING else _BLOCK
