"""A stage with the real bridge on it, and an agent that answers as a test says."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.bridge_process import BridgeProcess
from sandbox.stage import Stage
from sandbox.talkifai.script import Answer, answer_by_words
from tests.forked.process import start


class Scene:
    """All stand-ins, one data folder, and the workers that share it."""

    def __init__(self, *, pace: float = 1.0) -> None:
        self.stage = Stage(pace=pace)
        self.answers: dict[str, Answer] = {}
        """What the agent answers to a question; others are answered by their words."""
        self.bridges: list[BridgeProcess] = []
        self.folder = Path(tempfile.mkdtemp(prefix="tb-"))

    async def __aenter__(self) -> Self:
        self.stage.talkifai.respond_with(self.respond)
        await self.stage.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bridge in self.bridges:
            await bridge.stop(within_s=15.0)
        await self.stage.__aexit__(kind, error, trace)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def settings(self) -> dict[str, str]:
        """What leads a worker here."""
        return {**self.stage.settings, "BRIDGE_DATA_DIR": str(self.folder / "data")}

    def bridge(self, settings: dict[str, str] | None = None, command: str = "run") -> BridgeProcess:
        """Make a worker with these settings alone, and stop it at the end."""
        bridge = BridgeProcess(settings or {}, self.folder, f"bridge{len(self.bridges) + 1}", command, starter=start)
        self.bridges.append(bridge)
        return bridge

    async def start_bridge(self, command: str = "run", **more: str) -> BridgeProcess:
        """Start a worker. `more`: settings beside those that lead it here; an empty one takes a setting away."""
        given = {**self.settings, **more}
        bridge = self.bridge({name: value for name, value in given.items() if value}, command)
        await bridge.start()
        return bridge

    @property
    def log(self) -> str:
        """All that the workers said."""
        return "\n".join("".join(bridge.log) for bridge in self.bridges)

    def respond(self, question: str) -> Answer:
        """Answer as the test says, else by the words of the question."""
        return self.answers.get(question) or answer_by_words(question)
