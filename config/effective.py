"""What is in force and where it came from, for people to read. Nothing secret is shown. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any
from urllib.parse import urlsplit

from config.routes import CONDITIONS
from config.settings import SECTIONS, Settings
from config.values.mentions import Mentions
from config.values.secret import Secret

DEFAULT = "default"
_HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class Line:
    """One setting."""

    name: str
    """Its variable."""
    value: str
    place: str
    """`default`, `environment`, or a file and its line."""


def effective(settings: Settings) -> Iterator[Line]:
    """Return a line for each setting, in the order of the documentation."""
    for name, section in SECTIONS.items():
        values = getattr(settings, name)
        for field, variable in section.variables().items():
            place = settings.places.get(variable, DEFAULT)
            yield Line(variable, _shown(getattr(values, field)), place)


def effective_routes(settings: Settings) -> Iterator[tuple[str, str]]:
    """Return the conditions and the choices of each route, each as one text."""
    names = {str(agent): name for name, agent in settings.agents.items()}
    for route in settings.routes:
        choices = _chosen(route)
        where = {name: choices.pop(name) for name in CONDITIONS if name in choices}
        if route.agent in names:
            choices["agent"] = names[route.agent]
        yield ", ".join(_listed(where)), ", ".join(_listed(choices))


def own_texts(settings: Settings) -> Iterator[Line]:
    """Return a line for each text that the operator says instead of the bridge's own; plural forms as one text."""
    for text in settings.texts:
        words = text.words if isinstance(text.words, str) else "; ".join(_listed(text.words))
        yield Line(text.key, words.replace("\n", "\\n"), text.place)


def _chosen(part: Any) -> dict[str, Any]:
    """Return what a part of a route says, by key."""
    found = {field.name: getattr(part, field.name) for field in fields(part)}
    defaults = {field.name: field.default for field in fields(part)}
    return {
        name: _chosen(value) if is_dataclass(value) else value
        for name, value in found.items()
        if value is not None and value != defaults[name]
    }


def _listed(values: Mapping[str, Any], table: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _listed(value, f"{name}.")
        else:
            yield f"{table}{name}={_shown(value)}"


def _shown(value: Any) -> str:
    match value:
        case Secret():
            return _without_password(value.get_secret_value())
        case tuple() | frozenset():
            return ", ".join(map(_shown, sorted(value) if isinstance(value, frozenset) else value))
        case dict():
            return f"{len(value)} entries" if value else ""
        case bool():
            return "on" if value else "off"
        case Mentions():
            return _shown((*sorted(value.slack), *(f"@{name}" for name in sorted(value.telegram))))
    return f"{value:g}" if isinstance(value, float) else str("" if value is None else value)


def _without_password(secret: str) -> str:
    """Hide a secret; of the address of Redis show all but who logs in, and how."""
    url = urlsplit(secret)
    if url.scheme not in {"redis", "rediss", "unix"}:
        return _HIDDEN
    return f"{url.scheme}://{'…@' if url.password else ''}{url.netloc.rpartition('@')[2]}{url.path}"
