"""A channel is away for long: whole workers on a real server, on a clock that jumps."""

from collections.abc import Iterator

import pytest

from bridge.domain.threads import ThreadKey
from tests.property.bridge_agent import Fault, Plan
from tests.property.bridge_machine import Bridge
from tests.property.bridge_world import World

_THREADS = {name: ThreadKey(name, "A", "P", "T1") for name in ("finds", "blind")}


@pytest.fixture
def world(redis_url: str) -> Iterator[World]:
    """A deployment with one worker; what must be true at rest is judged at the end."""
    here: World = type("World", (Bridge,), {"url": redis_url})()
    here.open()
    yield here
    here.teardown()
    assert not here.problems


def _ask(world: World, name: str) -> str:
    world.agent.plans.append(Plan(words=40, pause_s=0.3))
    world.send(_THREADS[name], "Tell me.")
    return list(world.sent)[-1]


def _shown(world: World, name: str) -> list[str]:
    return [message.view.text for message in world.channels[name].messages.values()]


@pytest.mark.parametrize("name", ["finds", "blind"])
@pytest.mark.parametrize("is_replaced", [False, True], ids=["one worker", "another worker"])
def test_an_answer_is_shown_when_its_channel_is_back_after_40_minutes(
    world: World, name: str, *, is_replaced: bool
) -> None:
    """R15: also after a restart; half a sentence is not the end of it."""
    question = _ask(world, name)
    world.wait(6.0)
    begun = "".join(_shown(world, name))
    world.channels[name].faults += [Fault.UNAVAILABLE] * 100_000
    world.wait(35 * 60.0)
    assert question not in world.outcomes
    if is_replaced:
        world.hosts[0][0].steps_to_live = 1
        world.wait(130.0)
        world.run(world.start_worker())
    world.wait(5 * 60.0)
    world.channels[name].faults.clear()
    world.wait(180.0)
    assert world.outcomes[question] == "answered"
    assert begun
    assert "".join("".join(_shown(world, name)).split()) == "".join(world.agent.answers[question].text.split())


def test_a_conversation_does_not_stay_open_while_its_answer_waits_for_the_channel(world: World) -> None:
    """B1: billing does not wait for the channel."""
    _ask(world, "finds")
    world.wait(2.0)
    world.channels["finds"].faults += [Fault.UNAVAILABLE] * 100_000
    world.wait(35 * 60.0)
    assert not any(talk.is_open for talk in world.agent.talks.values())
