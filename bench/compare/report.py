"""The figures as Markdown and as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from bench.compare.scenario import Measured, Scenario, Spread
from bench.compare.start_costs import StartCosts

_HEAD = (
    "| service | bot | CPU a reply | of floor | of plain | peak memory | first text | final text | staleness "
    "| acknowledged | again | calls a reply | renders a reply | 429 | wrong |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
)
_NOTE = (
    "Times in seconds: median / 95 % / most. CPU and memory: of all processes of the bot, its Redis included.\n"
    "Staleness: how much of the answer was written and not yet seen, averaged over the time that the agent speaks.\n"
    "Again: events that were delivered a second time. Renders: how often the bridge made a reply's pages."
)


def as_json(found: Sequence[Measured], start: StartCosts, looks: Mapping[str, tuple[int, int]]) -> str:
    """Return all figures."""
    renders = {name: {"calls": calls, "renders": made} for name, (calls, made) in looks.items()}
    whole = {
        "machine": _machine(),
        "start": asdict(start),
        "renders": renders,
        "replies": [asdict(one) for one in found],
    }
    return json.dumps(whole, indent=1)


def as_markdown(
    scenarios: Sequence[Scenario],
    found: Sequence[Measured],
    start: StartCosts,
    looks: Mapping[str, tuple[int, int]],
) -> str:
    """Return one table a scenario."""
    parts = [_machine(), _start(start), _looks(looks), *_lengths(found), _NOTE]
    for scenario in scenarios:
        parts += [f"### {scenario.name[0].upper()}{scenario.name[1:]}", _described(scenario)]
        parts.append("\n".join([_HEAD, *(_row(one, found) for one in found if one.scenario == scenario.name)]))
    return "\n\n".join(parts) + "\n"


def _machine() -> str:
    return f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores."


def _start(start: StartCosts) -> str:
    return (
        f"`--help` takes {start.help_s:.2f} s. The bridge with Slack, Telegram and the embedded server is\n"
        f"ready after {start.ready_s:.2f} s ({start.ready_again_s:.2f} s on data of an earlier run), and has "
        f"{start.rest_mb:.0f} MB at rest, of which the server has {start.server_mb:.0f}."
    )


def _looks(looks: Mapping[str, tuple[int, int]]) -> str:
    told = ", ".join(f"{name} {made} times with {calls} calls" for name, (calls, made) in looks.items())
    return f"The pages of a reply of 3,200 characters are made: {told}."


def _lengths(found: Sequence[Measured]) -> list[str]:
    """Say how the cost grows with the length of a reply, where both lengths were measured."""
    cpu = {(one.scenario, one.service): one.cpu_ms for one in found if one.bot == "bridge"}
    long, short = "160,000 characters", "16,000 characters"
    ratios = [
        f"{service} {cpu[long, service] / cpu[short, service]:.1f}"
        for service in dict.fromkeys(one.service for one in found)
        if (long, service) in cpu and cpu.get((short, service))
    ]
    return [f"CPU of a reply of 160,000 characters, times one of 16,000: {', '.join(ratios)}."] if ratios else []


def _described(scenario: Scenario) -> str:
    work = scenario.work
    when = f"in {scenario.over_s:g} s" if scenario.over_s else "at once"
    limits = "on" if scenario.has_limits else "off"
    rounds = f", {scenario.rounds} times" if scenario.rounds > 1 else ""
    people = "1 person" if scenario.people == 1 else f"{scenario.people} people"
    return (
        f"{people} {when}{rounds}; {work.characters:,} characters in chunks of {work.chunk}, "
        f"{work.pause_ms} ms apart; the service's limits {limits}."
    )


def _row(one: Measured, found: Sequence[Measured]) -> str:
    cells = (
        *(one.service, one.bot, f"{one.cpu_ms:.1f} ms", _ratio(one, found, "floor"), _ratio(one, found, "plain")),
        *(f"{one.peak_mb:.0f} MB", _seconds(one.first_s), _seconds(one.final_s), f"{one.staleness:.2f}"),
        *(
            _seconds(one.acknowledged_s),
            str(one.redelivered),
            f"{sum(one.calls.values()) / one.replies:.1f}",
            "-" if one.renders is None else f"{one.renders:.1f}",
            str(one.refused),
            str(one.wrong),
        ),
    )
    return f"| {' | '.join(cells)} |"


def _ratio(one: Measured, found: Sequence[Measured], bot: str) -> str:
    same = (other for other in found if (other.scenario, other.service) == (one.scenario, one.service))
    other = next((other for other in same if other.bot == bot), None)
    return f"{one.cpu_ms / other.cpu_ms:.1f}" if other is not None and other.cpu_ms else "-"


def _seconds(spread: Spread | None) -> str:
    return "-" if spread is None else f"{spread.median:.2f} / {spread.p95:.2f} / {spread.most:.2f}"
