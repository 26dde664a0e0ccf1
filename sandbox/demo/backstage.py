"""The real bridge for the demo: started, watched, and stopped with everything it started."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

from adapters.redis_store.embedded.server import start_embedded
from bridge.domain.errors import BridgeError
from sandbox.bridge_process import BridgeProcess
from sandbox.demo.options import Options
from sandbox.faults import Fault
from sandbox.stage import Stage

_STOP_WITHIN_S = 30.0
_INTERRUPTED_STOP_S = 2.0
_LOG_LINES = 15
_CRASH_AFTER_S = 2.0


class Backstage:
    """The bridge's process and its folder."""

    def __init__(self, stage: Stage, options: Options, folder: Path) -> None:
        self._options = options
        self._data_dir = folder / "data"
        settings = {
            **stage.settings,
            "BRIDGE_DATA_DIR": str(self._data_dir),
            "BRIDGE_IDLE_TIMEOUT": f"{options.idle_timeout_s:g}",
        }
        if options.fault == "start":
            settings["SLACK_BOT_TOKEN"] = "no-token"  # noqa: S105 - wrong on purpose
        if options.fault == "end":
            stage.talkifai.faults.arm(Fault("end", times=-1, status=500))
        self._bridge = BridgeProcess(settings, folder)
        self._was_started = False

    @property
    def log(self) -> list[str]:
        """The last lines that the bridge logged."""
        return [line.rstrip() for line in self._bridge.log[-_LOG_LINES:]]

    async def start(self) -> None:
        """Start the bridge and wait until it is ready. Raises `NotReady`."""
        self._was_started = True
        await self._bridge.start()

    async def while_it_lives(self, story: Coroutine[None, None, None]) -> str:
        """Let a story run to its end. Return what became of the bridge meanwhile: empty where all is well."""
        process = self._bridge.process
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(story)
            living = group.create_task(process.wait())
            if self._options.fault == "crash":
                asyncio.get_running_loop().call_later(_CRASH_AFTER_S, process.kill)
            await asyncio.wait({telling, living}, return_when=asyncio.FIRST_COMPLETED)
            telling.cancel()
            living.cancel()
        return "" if process.returncode is None else f"the bridge ended by itself, with code {process.returncode}"

    async def stop(self) -> str:
        """Stop the bridge as a platform does. Return what went wrong; empty where all is well."""
        code = await self._end(_STOP_WITHIN_S)
        return "" if code == 0 else f"the bridge stopped with code {code}"

    async def clear_away(self) -> None:
        """Stop whatever still runs, without waiting for answers under way."""
        if self._was_started:
            await self._end(_INTERRUPTED_STOP_S)

    async def _end(self, within_s: float) -> int:
        try:
            code = await self._bridge.stop(within_s=within_s)
        except RuntimeError:
            return 0  # it was interrupted before there was a process
        if code != 0:
            await asyncio.to_thread(self._stop_abandoned_server)
        return code

    def _stop_abandoned_server(self) -> None:
        """Stop the server of a bridge that was killed: it goes on, for the next bridge to adopt."""
        if (self._data_dir / "socket.path").exists():
            try:
                start_embedded(self._data_dir).stop()
            except BridgeError as error:
                print(f"The embedded server could not be stopped: {error}")
