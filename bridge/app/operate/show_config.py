"""`talkifai-bridge config`: what is in force and where it came from, secrets hidden."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from config.effective import effective, effective_routes
from config.settings import Settings


def show(settings: Settings) -> None:
    """Print the settings as a table, and the routes as another one where there are any."""
    console = Console(soft_wrap=False)
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for line in effective(settings):
        table.add_row(line.name, _plain(line.value), _plain(line.place))
    console.print(table)
    routes = list(effective_routes(settings))
    if routes:
        table = Table("where", "what holds there", box=None, pad_edge=False)
        for where, choices in routes:
            table.add_row(_plain(where), _plain(choices))
        console.print()
        console.print(table)
    for warning in settings.warnings:
        console.print(f"\n{_plain(warning)}")


def show_json(settings: Settings) -> None:
    """Print the same as one JSON object."""
    routes = [{"where": where, "choices": choices} for where, choices in effective_routes(settings)]
    found = {"settings": [asdict(line) for line in effective(settings)], "routes": routes}
    print(json.dumps({**found, "warnings": settings.warnings}, indent=2, ensure_ascii=False))


def _plain(text: str) -> str:
    """Keep rich from reading marks in a value."""
    return text.replace("[", "\\[")
