"""`talkifai-bridge usage`: who used the agents, and what that cost, out of the ledger."""

import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

from bridge.app.bootstrap import open_stores
from bridge.app.operate.tables import counted, moment, show, total_tokens
from config.settings import Settings

_NUMBERS = ("sessions", "messages", "tokens", "cost")


@dataclass(slots=True)
class Used:
    """What one group used."""

    name: str
    sessions: int = 0
    messages: int = 0
    """Answers: what TalkifAI bills."""
    tokens: int = 0
    cost: float | None = None


async def run(settings: Settings, chosen: SimpleNamespace) -> int:
    """Print what was used in the time that was asked for."""
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        lines = await stores.ledger_since(time.time() - chosen.since)
        still_open = len(await stores.open_sessions())
    groups = grouped(lines, chosen.by, settings.bridge.price_per_message, settings.bridge.price_per_1000_tokens)
    if chosen.json:
        print(json.dumps([asdict(group) for group in groups], indent=2))
    elif chosen.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow((chosen.by, "sessions", "messages", "tokens", "cost"))
        writer.writerows((one.name, one.sessions, one.messages, one.tokens, _money(one.cost)) for one in groups)
    else:
        _show(groups, chosen.by, still_open)
    return 0


def grouped(
    lines: Iterable[Mapping[str, Any]], by: str, per_message: float | None, per_1000_tokens: float | None
) -> list[Used]:
    """Sum the ledger's lines by channel, place, person, agent or day, the largest first; days in their order."""
    found: defaultdict[str, Used] = defaultdict(lambda: Used(""))
    for line in lines:
        name = _name(line, by)
        group = found[name]
        group.name = name
        group.sessions += 1
        group.messages += line["turns"]
        group.tokens += total_tokens(line["usage"])
    for group in found.values():
        if per_message is not None or per_1000_tokens is not None:
            group.cost = group.messages * (per_message or 0.0) + group.tokens / 1000 * (per_1000_tokens or 0.0)
    if by == "day":
        return sorted(found.values(), key=lambda group: group.name)
    return sorted(found.values(), key=lambda group: (-group.messages, group.name))


def _name(line: Mapping[str, Any], by: str) -> str:
    if by == "day":
        return moment(line["ended"])[:10]
    if by in {"place", "person"}:
        return f"{line['channel']}:{line['account']}:{line[by]}"
    return str(line[by])


def _money(cost: float | None) -> str:
    return "" if cost is None else f"{cost:.4f}"


def _show(groups: list[Used], by: str, still_open: int) -> None:
    most = max((group.messages for group in groups), default=0)
    total = Used("total", *(sum(getattr(one, name) for one in groups) for name in ("sessions", "messages", "tokens")))
    if any(one.cost is not None for one in groups):
        total.cost = sum(one.cost or 0.0 for one in groups)
    if groups:
        rows = [_row(one) for one in (*groups, total)]
        bars = [one.messages / most if most else 0.0 for one in groups] + [0.0]
        columns: tuple[str, ...] = (by, *_NUMBERS)
        if total.cost is None:
            columns, rows = columns[:-1], [row[:-1] for row in rows]
        show(columns, rows, numbers=_NUMBERS, bars=bars)
    else:
        print("No session ended in that time.")
    if still_open:
        print(f"{counted(still_open, 'session')} open and not counted yet.")


def _row(used: Used) -> tuple[str, ...]:
    return (used.name, f"{used.sessions:,}", f"{used.messages:,}", f"{used.tokens:,}", _money(used.cost))
