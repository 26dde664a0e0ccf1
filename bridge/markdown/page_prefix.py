"""What a page repeats from the pages before it, so that a cut changes no meaning. Pure."""

from bridge.markdown.blocks import Container, Fence, Item, Kind, Open, Quote, Table, continuation, read_line

ELLIPSIS = "…"
"""Stands for the text of a list item that was on the page before."""

_LONGEST = 500
"""Characters of a fence's first line, or of a table's header, that are repeated: the page is there for what is new."""
_SHORT_MARK = 3


def lead_at_line(opened: Open, following: str) -> tuple[str, int]:
    """Return what a page that begins with a whole line repeats, and how many characters of the source it replaces.

    Args:
        opened: What is open at the cut.
        following: The source from the cut on.
    """
    blank = len(following) - len(following.lstrip("\n"))
    line = following[blank:].partition("\n")[0]
    if isinstance(opened.leaf, Fence):
        blank = 0  # empty lines are part of the code
        line = following.partition("\n")[0]
    seen = read_line(opened, line)
    stubs = _stubs(opened.containers[: seen.kept])
    if isinstance(opened.leaf, Fence) and seen.kind is Kind.FENCE_END:
        return "", min(len(following), len(line) + 1)
    prefix = _widened(opened.containers)
    if isinstance(opened.leaf, Fence) and seen.kind is Kind.CODE:
        return f"{stubs}{prefix}{_opener(opened.leaf)}\n", 0
    if isinstance(opened.leaf, Table) and seen.kind is Kind.ROW:
        header = f"{prefix}{opened.leaf.header}\n{prefix}{opened.leaf.delimiter}\n"
        return f"{stubs}{header if len(header) <= _LONGEST else ''}", 0
    if seen.kind is Kind.MORE:
        return _inside_item(opened.containers), blank + seen.content
    first = seen.after.containers[seen.kept] if len(seen.after.containers) > seen.kept else None
    if isinstance(first, Item) and first.number is not None:
        start = line.index(first.sign)
        digits = len(line[:start]) - len(line[:start].rstrip("0123456789"))
        more = " " * _excess(opened.containers[: seen.kept])
        return f"{stubs}{more}{line[: start - digits]}{first.number}", blank + start
    return stubs, blank


def lead_inside_line(opened: Open, line: str, closers: str) -> str:
    """Return what a page repeats that begins inside a line.

    Args:
        opened: What is open before that line.
        line: Its part before the cut.
        closers: What closed the emphasis there.
    """
    seen = read_line(opened, line)
    containers = seen.after.containers
    leaf = seen.after.leaf
    if isinstance(leaf, Fence):
        prefix = _widened(containers)
        return f"{_stubs(containers)}{prefix}{_opener(leaf)}\n{prefix}"
    return _inside_item(containers) + closers[::-1]  # openers are their closers' mirror image


def widened(opened: Open, source: str) -> str:
    """Return a page's source with its first items' further lines moved to the right, as far as numbers need it.

    Where every item of the source says `1.`, the lines under a `23.` would not stand under its text any more.

    Args:
        opened: What is open at the page's start.
        source: The page's part of the text.
    """
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    seen = read_line(opened, lines[first])
    containers = seen.after.containers
    if not _excess(containers):
        return source
    alive = len(containers)
    shown = lines[: first + 1]
    for number, line in enumerate(lines[first + 1 :], start=first + 1):
        seen = read_line(seen.after, line)
        if seen.kind is not Kind.MORE:
            alive = min(alive, seen.kept)
        if not _excess(containers[:alive]):  # the items have ended, and nothing moves behind them
            return "\n".join([*shown, *lines[number:]])
        more = _excess(containers[: min(alive, seen.kept)])
        shown.append(" " * more + line if line.strip() else line)
    return "\n".join(shown)


def _opener(fence: Fence) -> str:
    """Return what opens a fence again: without its language, or with fewer signs, where it is too long."""
    if len(fence.opener) <= _LONGEST:
        return fence.opener
    return fence.marker if len(fence.marker) <= _LONGEST else fence.marker[:_SHORT_MARK]


def _excess(containers: tuple[Container, ...]) -> int:
    """Return by how many columns lines in these containers move; what is in a quote stays."""
    if any(isinstance(held, Quote) for held in containers):
        return 0
    return sum(held.excess for held in containers if isinstance(held, Item))


def _widened(containers: tuple[Container, ...]) -> str:
    return continuation(containers) + " " * _excess(containers)


def _stubs(containers: tuple[Container, ...]) -> str:
    """Return a line for each item that is open, without its text."""
    lines = []
    prefix = ""
    for held in containers:
        if isinstance(held, Item):
            lines.append(f"{prefix}{_marked(held)}{ELLIPSIS}\n")
        prefix += _widened((held,))
    return "".join(lines)


def _inside_item(containers: tuple[Container, ...]) -> str:
    """Return what stands before text that goes on inside containers: the last item's mark is on the same line."""
    if not containers:
        return ""
    if isinstance(containers[-1], Quote):
        return _stubs(containers) + _widened(containers)
    before = containers[:-1]
    return f"{_stubs(before)}{_widened(before)}{_marked(containers[-1])}{ELLIPSIS} "


def _marked(item: Item) -> str:
    return (" " * item.lead + item.marker + " ").ljust(item.width)
