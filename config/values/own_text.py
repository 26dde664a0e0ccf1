"""A text that the operator says instead of the bridge's own words."""

from collections.abc import Mapping
from dataclasses import dataclass

TABLE = "texts"


@dataclass(frozen=True, kw_only=True)
class OwnText:
    """One text: `[texts]` for every language, `[texts.de]` for one."""

    language: str
    """Empty: every language."""
    name: str
    words: str | Mapping[str, str]
    """Plural forms as a table."""
    place: str
    """The file and its line."""

    @property
    def key(self) -> str:
        """As the file has it: `texts.de.busy`."""
        return ".".join(filter(None, (TABLE, self.language, self.name)))
