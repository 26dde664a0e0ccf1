"""Which files a finished answer comes with: the whole text, and blocks that are too long for one message. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bridge.domain.files import ResultFile
from bridge.markdown.blocks import NOTHING, Fence, Kind, Table, read_line

WHOLE_ANSWER = "answer.md"
_MOST_BLOCKS = 4
"""Bound of the blocks of one answer that become files."""
_LANGUAGES = (
    "bash=sh c c#=cs c++=cpp cpp cs css csv diff dockerfile go golang=go html ini java javascript=js js json jsx"
    " kotlin=kt kt lua markdown=md md patch=diff php powershell=ps1 py python=py r rb ruby=rb rs rust=rs scala sh"
    " shell=sh sql svg swift toml ts tsv tsx typescript=ts xml yaml yml=yaml zsh=sh"
)
_EXTENSIONS = {name: extension or name for name, _, extension in (pair.partition("=") for pair in _LANGUAGES.split())}
"""By the language of a fence. Everything else is `txt`: a name never holds the agent's words."""
_INSIDE = frozenset({Kind.CODE, Kind.ROW})
_SURELY_FITS, _SURELY_TOO_LONG = 1_000, 40_000
"""Characters of a block that need not be rendered to know whether one message takes it."""


def files_of(text: str, fits: Callable[[str], bool], *, is_held: bool) -> Sequence[ResultFile]:
    """Return the files of an answer, the whole text first where `is_held`: the reply shows only its beginning."""
    whole = [ResultFile(WHOLE_ANSWER, text, is_whole=True)] if is_held else []
    return [*whole, *islice(_long_blocks(text, fits), _MOST_BLOCKS)]


def _long_blocks(text: str, fits: Callable[[str], bool]) -> Iterator[ResultFile]:
    number = 0
    for block in _blocks(text):
        size = len(block.markdown)
        if size > _SURELY_TOO_LONG or (size > _SURELY_FITS and not fits(block.markdown)):
            number += 1
            yield ResultFile(f"{block.kind}-{number}.{block.extension}", block.content)


@dataclass(slots=True)
class _Block:
    """A block of code or a table, without the marks of the quotes and items around it."""

    leaf: Fence | Table
    lines: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return "code" if isinstance(self.leaf, Fence) else "table"

    @property
    def extension(self) -> str:
        return _extension(self.leaf.opener) if isinstance(self.leaf, Fence) else "md"

    @property
    def content(self) -> str:
        """What the file holds."""
        rows = "\n".join(self.lines)
        if isinstance(self.leaf, Fence):
            return rows + "\n"
        return f"{self.leaf.header.strip()}\n{self.leaf.delimiter.strip()}\n{rows}\n"

    @property
    def markdown(self) -> str:
        """The block as it would stand alone in a message."""
        if isinstance(self.leaf, Fence):
            return f"{self.leaf.opener.strip()}\n{self.content}{self.leaf.marker}"
        return self.content


def _blocks(text: str) -> Iterator[_Block]:
    state, block = NOTHING, None
    for source in text.split("\n"):
        line = read_line(state, source)
        opens = line.kind in {Kind.FENCE, Kind.DELIMITER}
        if block is not None and line.kind not in _INSIDE:
            yield block
            block = None
        leaf = line.after.leaf
        if opens and isinstance(leaf, Fence | Table):
            block = _Block(leaf)
        elif block is not None:
            block.lines.append(source[line.content :])
        state = line.after
    if block is not None:
        yield block


def _extension(opener: str) -> str:
    words = opener.strip().lstrip("`~").split()
    return _EXTENSIONS.get(words[0].lower().strip("{}."), "txt") if words else "txt"
