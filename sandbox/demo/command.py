"""The demo as a command: arguments in, one exit code out."""

import asyncio
import io
import signal
import sys
from collections.abc import Sequence

from sandbox.demo.options import Options, read_options
from sandbox.demo.performance import perform

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(arguments: Sequence[str]) -> int:
    """Run the demo; return 0 where all went well, 1 where something was wrong, 130 after Ctrl-C."""
    options = read_options(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where the terminal has not all the signs, it shows question marks instead of nothing at all.
        sys.stdout.reconfigure(errors="replace")
    return asyncio.run(_until_interrupted(options))


async def _until_interrupted(options: Options) -> int:
    performing = asyncio.ensure_future(perform(options))
    interruptions: list[int] = []

    def interrupt() -> None:
        interruptions.append(1)
        # Once is enough: clearing away is bounded, and a second Ctrl-C must not leave anything behind.
        if len(interruptions) == 1:
            performing.cancel()

    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, interrupt)
    try:
        return await performing
    except asyncio.CancelledError:
        print("Stopped: nothing is left running.", flush=True)
        return INTERRUPTED
