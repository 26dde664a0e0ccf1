"""`talkifai-bridge config`: what is in force and where it came from, secrets hidden."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from bridge.app.operate import tables
from config.effective import DEFAULT, Line, effective, effective_routes, own_texts
from config.settings import Settings


def show(settings: Settings, *, only_set: bool = False) -> None:
    """Print the settings as a table, and the routes and own texts as further ones where there are any."""
    lines = [(line.name, line.place, line.value) for line in _lines(settings, only_set=only_set)]
    tables.show(("setting", "from", "value"), lines, folded="value")
    routes = list(effective_routes(settings))
    if routes:
        print()
        tables.show(("where", "what holds there"), routes, folded="what holds there")
    texts = [(line.name, line.place, line.value) for line in own_texts(settings)]
    if texts:
        print()
        tables.show(("text", "from", "words"), texts, folded="words")
    for warning in settings.warnings:
        print(f"\n{warning}")


def show_json(settings: Settings, *, only_set: bool = False) -> None:
    """Print the same as one JSON object."""
    routes = [{"where": where, "choices": choices} for where, choices in effective_routes(settings)]
    found = {
        "settings": [asdict(line) for line in _lines(settings, only_set=only_set)],
        "routes": routes,
        "texts": [{"name": text.key, "words": text.words, "place": text.place} for text in settings.texts],
        "warnings": settings.warnings,
    }
    print(json.dumps(found, indent=2, ensure_ascii=False))


def _lines(settings: Settings, *, only_set: bool) -> Iterator[Line]:
    for line in effective(settings):
        if not only_set or line.place != DEFAULT:
            yield line
