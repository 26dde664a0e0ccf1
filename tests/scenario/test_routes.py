"""The operator's routes, from the configuration file to what people see."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.faults import Gate
from sandbox.talkifai.agents import QUIET_AGENT_ID, TEXT_AGENT_ID
from sandbox.talkifai.script import Answer, Hold
from tests.scenario.messengers import WAIT_S, SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

AGENTS = f"[agents]\nquiet = '{QUIET_AGENT_ID}'\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Write the configuration file and return its path."""
    path = tmp_path / "bridge.toml"

    def write(routes: str) -> str:
        path.write_text(AGENTS + routes, encoding="utf-8")
        return str(path)

    return write


async def _ask(slack: SlackMessenger, place: str, text: str) -> Talk:
    person = slack.person()
    ts = await slack.slack.say(person, place, f"{slack.slack.mention} {text}")
    return Talk(place, ts, [ts], person)


async def test_each_place_has_its_agent_and_its_idle_time(own_scene: Scene, write: Callable[[str], str]) -> None:
    slack = SlackMessenger(own_scene)
    here, elsewhere = slack.channel(), slack.channel()
    route = f"[[routes]]\nchannel = 'slack'\nplace = '{here}'\nagent = 'quiet'\nidle_timeout = 1.5\n"
    await own_scene.start_bridge(BRIDGE_CONFIG=write(route), BRIDGE_IDLE_TIMEOUT="600")
    one, other = await _ask(slack, here, "hello here"), await _ask(slack, elsewhere, "hello there")
    await slack.until_said(one, "You asked: hello here")
    await slack.until_said(other, "You asked: hello there")
    assert [record.agent_id for record in slack.records(one)] == [QUIET_AGENT_ID]
    assert [record.agent_id for record in slack.records(other)] == [TEXT_AGENT_ID]
    await slack.until_ended(one)
    assert slack.records(other)[0].ended_at is None


async def test_a_command_calls_its_agent_and_a_person_has_a_greeting(
    own_scene: Scene, write: Callable[[str], str]
) -> None:
    telegram = TelegramMessenger(own_scene)
    ada = telegram.telegram.person("Ada")
    chat = telegram.telegram.private_chat(ada)
    talk = Talk(str(chat.id), "")
    await own_scene.start_bridge(
        BRIDGE_CONFIG=write(
            f"[[routes]]\nperson = {ada.id}\ngreeting = 'Welcome to **your** bridge.'\n"
            "[[routes]]\ncommand = 'quiet'\nagent = 'quiet'\n"
        )
    )
    await telegram.telegram.say(ada, chat, "/start")
    await telegram.until_texts(talk, "Welcome to your bridge.")
    await telegram.telegram.say(ada, chat, "/quiet what is new?")
    await telegram.until_said(talk, "You asked: what is new?")
    await telegram.telegram.say(ada, chat, "and then?")
    await telegram.until_said(talk, "You asked: and then?")
    assert [(record.agent_id, list(record.posted)) for record in telegram.records(talk)] == [
        (TEXT_AGENT_ID, []),
        (QUIET_AGENT_ID, ["what is new?", "and then?"]),
    ]
    await telegram.until_ended(talk)


async def test_a_reply_is_shown_as_its_route_says(own_scene: Scene, write: Callable[[str], str]) -> None:
    slack = SlackMessenger(own_scene)
    here, elsewhere = slack.channel(), slack.channel()
    gates = [Gate(), Gate()]
    for text, gate in zip(("hello here", "hello there"), gates, strict=True):
        own_scene.answers[text] = Answer.of("The first half of the answer stands here. ", Hold(gate), "The rest.")
    await own_scene.start_bridge(BRIDGE_CONFIG=write(f"[[routes]]\nplace = '{here}'\nstreaming = 'status'\n"))
    one, other = await _ask(slack, here, "hello here"), await _ask(slack, elsewhere, "hello there")
    await slack.until_said(other, "The first half")
    assert not any("The first half" in text for text in slack.texts(one))
    for gate in gates:
        gate.open()
    await slack.until_said(one, "The rest.")
    await slack.until_said(other, "The rest.")
    assert not any("The first half" in frame.text and "The rest." not in frame.text for frame in slack.versions(one))


async def test_other_routes_hold_after_a_reload_and_no_reply_is_dropped(
    own_scene: Scene, write: Callable[[str], str]
) -> None:
    slack = SlackMessenger(own_scene)
    gate = Gate()
    own_scene.answers["a long one"] = Answer.of("The first half of the answer stands here. ", Hold(gate), "The rest.")
    bridge = await own_scene.start_bridge(BRIDGE_CONFIG=write(""))
    place = slack.channel()
    running = await _ask(slack, place, "a long one")
    await slack.until_said(running, "The first half")

    write(f"[[routes]]\nplace = '{place}'\nagent = 'quiet'\n[bridge]\nmax_turns = 7\n")
    await bridge.reload()
    assert "reloaded: 1 routes, 0 own texts" in own_scene.log
    assert "BRIDGE_MAX_TURNS was changed: that takes effect at the next start" in own_scene.log
    asked = await _ask(slack, place, "who are you?")
    await slack.until_said(asked, "You asked: who are you?")
    assert [record.agent_id for record in slack.records(asked)] == [QUIET_AGENT_ID]

    path = write("[[routes]]\nplace = 'C1'\nagent = 'nobody'\n")
    await bridge.reload()
    assert f"not reloaded: {path}:5: routes[1].agent: is neither a name of [agents]" in own_scene.log
    asked = await _ask(slack, place, "and now?")
    await slack.until_said(asked, "You asked: and now?")
    assert [record.agent_id for record in slack.records(asked)] == [QUIET_AGENT_ID]

    gate.open()
    await slack.until_said(running, "The rest.", WAIT_S)
    assert [record.agent_id for record in slack.records(running)] == [TEXT_AGENT_ID]
    assert bridge.process.returncode is None
