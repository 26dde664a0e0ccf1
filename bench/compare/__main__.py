"""The bridge beside a bot of an afternoon and the least that any bot can do: `make bench`.

The same questions go to each, over the stand-ins of the services on loopback; the stand-in for TalkifAI and the bots
run in processes of their own. It takes about 25 minutes, and wants a machine that does nothing else:
`make bench ARGS=--docs` puts the figures on the page in docs/, `ARGS="--only 200 --bots bridge,floor"` runs a part,
`ARGS=--smoke` a few conversations.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from bench.compare.processes import BOTS
from bench.compare.report import as_json, as_markdown
from bench.compare.scenario import Scenario, measure_all
from bench.compare.services import SERVICES
from bench.compare.start_costs import start_costs
from bench.compare.words import Work
from bench.docs_page import paste
from bench.reply_cost import chunks_of, looks_of, prose

_REPLY = Work(3_200, 16, 20)
_SCENARIOS = (
    Scenario("1", 1, _REPLY, rounds=5),
    Scenario("50", 50, _REPLY),
    Scenario("200", 200, _REPLY),
    Scenario("20 with limits", 20, _REPLY, has_limits=True),
    Scenario("100 with limits", 100, _REPLY, has_limits=True),
    Scenario("16,000 characters", 1, Work(16_000, 160, 20), rounds=3),
    Scenario("160,000 characters", 1, Work(160_000, 160, 20), within_s=180.0),
    Scenario("500 questions in 5 s", 500, Work(320, 16, 20), over_s=5.0, within_s=240.0),
)
_SMOKE = (Scenario("smoke", 2, Work(320, 16, 5), within_s=20.0),)
_PAUSE_S = 0.02


def _chosen(names: str) -> Sequence[Scenario]:
    """Return the scenarios of these names, all where there is none. Raises `SystemExit` for an unknown one."""
    wanted = names.split(";") if names else [one.name for one in _SCENARIOS]
    known = {one.name: one for one in _SCENARIOS}
    if unknown := set(wanted) - set(known):
        raise SystemExit(f"unknown: {sorted(unknown)}; there are {sorted(known)}")
    return [known[name] for name in wanted]


def main() -> None:
    """Read the arguments, measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few conversations: shows that the bench works")
    parser.add_argument("--only", default="", help=f"some of {[one.name for one in _SCENARIOS]}, with semicolons")
    parser.add_argument("--services", default=",".join(SERVICES), help="slack, telegram, or both (default)")
    parser.add_argument("--bots", default=",".join(BOTS), help="bridge, plain, floor (default: all)")
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder for compare.json and .md")
    parser.add_argument("--docs", action="store_true", help="put the figures on the page docs/performance.md too")
    given = parser.parse_args()
    scenarios = _SMOKE if given.smoke else _chosen(given.only)
    start = asyncio.run(start_costs(1, 0.1) if given.smoke else start_costs(3))
    reply = chunks_of(prose(320 if given.smoke else 3_200), 16)
    looks = {name: looks_of(name, reply, _PAUSE_S) for name in SERVICES}
    measuring = measure_all(scenarios, given.services.split(","), given.bots.split(","), together=given.smoke)
    found = asyncio.run(measuring)
    given.output.mkdir(parents=True, exist_ok=True)
    text = as_markdown(scenarios, found, start, looks)
    (given.output / "compare.md").write_text(text, encoding="utf-8")
    (given.output / "compare.json").write_text(as_json(found, start, looks), encoding="utf-8")
    if given.docs:
        paste("bench", text)
    print(text)
    rows = len(scenarios) * len(given.services.split(",")) * len(given.bots.split(","))
    if len(found) < rows:
        raise SystemExit(f"{rows - len(found)} of {rows} rows are missing")


if __name__ == "__main__":
    main()
