"""What the bridge costs before it does anything: the time of `--help`, the time to be ready, and its memory at rest."""

import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.compare.agent import talkifai
from bench.compare.processes import Bot
from bench.compare.services import Slack, Telegram
from sandbox.bridge_process import BridgeProcess


@dataclass(frozen=True, slots=True)
class StartCosts:
    """The best of several tries, with Slack and Telegram and the embedded server."""

    help_s: float
    ready_s: float
    ready_again_s: float
    """With data of an earlier run."""
    rest_mb: float
    """Of the bridge and the server."""
    server_mb: float
    """Of the server alone."""


async def start_costs(tries: int, rests_s: float = 3.0) -> StartCosts:
    """Measure; it rests so long before its memory is read."""
    help_s = min([_help_s() for _ in range(tries)])
    starts = [await _start(rests_s) for _ in range(tries)]
    bests = [min(values) for values in zip(*starts, strict=True)]
    return StartCosts(help_s, *bests)


def _help_s() -> float:
    began = time.monotonic()
    command = [str(Path(sys.executable).with_name("talkifai-bridge")), "--help"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
    return time.monotonic() - began


async def _start(rests_s: float) -> tuple[float, float, float, float]:
    slack, telegram = Slack(), Telegram()
    with talkifai() as agent, tempfile.TemporaryDirectory(prefix="tb-") as folder:
        async with slack.stand_in, telegram.stand_in:
            settings = {**agent, **slack.settings, **telegram.settings, "BRIDGE_DATA_DIR": f"{folder}/data"}
            first, _, _ = await _ready(settings, Path(folder), rests_s)
            again, rest_mb, server_mb = await _ready(settings, Path(folder), rests_s)
    return first, again, rest_mb, server_mb


async def _ready(settings: dict[str, str], folder: Path, rests_s: float) -> tuple[float, float, float]:
    bridge = BridgeProcess(settings, folder)
    began = time.monotonic()
    await bridge.start()
    ready_s = time.monotonic() - began
    try:
        await asyncio.sleep(rests_s)
        usage = Bot(bridge.process, bridge.log_file).usage()
        return ready_s, usage.rss_mb, usage.below_mb
    finally:
        await bridge.stop()
