"""The texts of each language: read from the package when a language is first used, replaced by the operator's own.

There is one catalog in a process, as there is one set of settings: what shows a text deep inside a channel need not be
handed it. `use` is called at the start and at a reload, and by no one else.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from string import Formatter
from zoneinfo import ZoneInfo

from bridge.domain.notices import TextKey

LANGUAGES = ("en", "de", "es", "fr", "pt")
"""Those that have a file here. The first has every text."""

Words = str | Mapping[str, str]
"""A text, or its plural forms by CLDR's names: `one`, `other`, …. `other` stands for those that are missing."""
ANY_LANGUAGE = ""
"""Among the operator's texts: what holds in every language that has no line of its own."""
Own = Mapping[str, Mapping[str, Words]]
"""The operator's texts, by language and name."""


# Babel is imported late: it takes 1 MB, and few texts count something or tell a time.


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts in one language, for a person."""

    language: str
    words: Mapping[str, Words]
    zone: ZoneInfo | None = None
    """The person's time zone; None where it is not known."""

    def __call__(self, key: TextKey, /, **values: str | int) -> str:
        """Return a text with its placeholders filled. Numbers are written as the language does."""
        words = self.words[key.value]
        if not isinstance(words, str):
            from bridge.texts.forms import plural  # noqa: PLC0415 - the reason stands above

            form = plural(int(values["count"]), self.language)
            words = words.get(form) or words["other"]
        return words.format_map({name: self._shown(value) for name, value in values.items()})

    def time_of_day(self, at: float) -> str:
        """Return a time, in seconds since the epoch, as the person's clock shows it; empty where that is not known."""
        if self.zone is None:
            return ""
        from bridge.texts.forms import time_of_day  # noqa: PLC0415 - as above

        return time_of_day(datetime.fromtimestamp(at, self.zone), self.language)

    def moment(self, at: float, now: float) -> str:
        """Return a time as `time_of_day`, with its day where that is not today; empty where no zone is known."""
        if self.zone is None:
            return ""
        then, today = (datetime.fromtimestamp(time, self.zone).date() for time in (at, now))
        if then == today:
            return self.time_of_day(at)
        from bridge.texts.forms import day  # noqa: PLC0415 - as above

        return f"{day(then, self.language)}, {self.time_of_day(at)}"

    def _shown(self, value: str | int) -> str:
        if isinstance(value, str):
            return value
        from bridge.texts.forms import number  # noqa: PLC0415 - as above

        return number(value, self.language)


class Catalog:
    """The languages that are in use, and the operator's own texts."""

    def __init__(self) -> None:
        self._default = LANGUAGES[0]
        self._own: Own = {}
        self._words: dict[str, Mapping[str, Words]] = {}

    def use(self, default: str, own: Own) -> None:
        """Let this language hold where a person's is not known, and the operator's texts instead of those here."""
        self._default, self._own = default, own
        self._words = {}

    def texts_in(self, language: str, time_zone: str = "") -> Texts:
        """Return the texts for a person of this language, such as `de`, `pt-BR` or `pt_BR`."""
        known = known_language(language) or self._default
        words = self._words.get(known)
        if words is None:
            own = {**self._own.get(ANY_LANGUAGE, {}), **self._own.get(known, {})}
            words = self._words[known] = {**shipped(known), **own}
        return Texts(known, words, _zone(time_zone))


def known_language(code: str) -> str:
    """Return which of `LANGUAGES` a code means; empty for none."""
    language = code.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else ""


def shipped(language: str) -> Mapping[str, Words]:
    """Read the texts of one of `LANGUAGES`, as they come with the bridge."""
    return tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text("utf-8"))


def placeholders(words: Words) -> frozenset[str]:
    """Return the names of the placeholders in a text. Raises `ValueError` where its braces do not match."""
    forms = [words] if isinstance(words, str) else words.values()
    return frozenset(name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


_CATALOG = Catalog()
use = _CATALOG.use
texts_in = _CATALOG.texts_in
