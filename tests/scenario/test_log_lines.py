"""What a whole run writes to its log, for machines that read it line by line."""

import json

import pytest

from sandbox.faults import Fault
from sandbox.talkifai.script import Answer, Fail
from tests.ports import free_port
from tests.scenario.messengers import MESSENGERS
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]


@pytest.mark.parametrize("command", ["run", "web"])
async def test_every_line_of_a_run_is_json_and_each_turn_has_one(own_scene: Scene, command: str) -> None:
    own_scene.answers |= {"hi": Answer.of("Hello."), "break": Answer.of("So far ", Fail("no matter"))}
    bridge = await own_scene.start_bridge(
        command,
        BRIDGE_LOG_FORMAT="json",
        BRIDGE_LOG_LEVEL="debug",
        BRIDGE_MAX_TURN="7",
        PORT=free_port(),
        PYTHONWARNINGS="always",
    )
    asked = 0
    for name in MESSENGERS:
        messenger = MESSENGERS[name](own_scene)
        messenger.faults.arm(Fault(messenger.post_call, status=500))
        for text in ("hi", "break", "help" if name == "slack" else "/help"):
            talk = await messenger.ask_directly(text)
            await messenger.ledger.until(lambda: bool(messenger.texts(talk)))  # noqa: B023 - awaited here
            asked += 1
    await bridge.reload()
    assert await bridge.stop() == 0
    lines = [json.loads(line) for line in own_scene.log.splitlines()]
    assert all({"level", "logger", "timestamp", "message"} <= set(line) for line in lines)
    assert [line["level"] for line in lines if "Did you mean BRIDGE_MAX_TURNS?" in line["message"]] == ["warning"] * 2
    turns = [line for line in lines if line["message"] == "turn settled"]
    wanted = {"reference", "outcome", "thread_key", "question", "person", "conversation", "attempts"}
    assert all(wanted | {"whole_text_s", "renders"} <= set(turn) for turn in turns)
    assert sorted(turn["outcome"] for turn in turns) == sorted(["answered", "command_done", "interrupted"] * 2)
    assert len({turn["reference"] for turn in turns}) == len(turns) == asked
