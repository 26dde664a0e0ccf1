"""Two hundred conversations at once on each service."""

import asyncio
import time

import pytest

from sandbox.talkifai.script import Answer, Say
from sandbox.telegram.flood import Limits
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

_CROWD = 200
_MOST_S = 60.0


def _answer_to(question: str) -> str:
    return f"To your {question} I say the following, and I say it to you alone. " * 4 + f"This was for {question}."


def _prepare(scene: Scene) -> list[str]:
    questions = [f"question {number}" for number in range(_CROWD)]
    for question in questions:
        scene.answers[question] = Answer.of(Say(_answer_to(question), chunk=25, pause_s=0.05))
    return questions


async def _check_all_answered(messenger: Messenger, talks: dict[str, Talk]) -> None:
    """Wait until everybody has the whole answer, then check that it is their own and that there is one."""
    began = time.monotonic()
    wanted = {(talk.place, talk.root): _answer_to(question) for question, talk in talks.items()}
    frames = messenger.ledger.frames

    def all_answered() -> bool:
        said = {frame.text for frame in frames if frame.author == "bot"}
        return said >= set(wanted.values())

    try:
        await messenger.ledger.until(all_answered, 2 * _MOST_S)
    finally:
        took_s = time.monotonic() - began
        print(f"{messenger.name}: {len(talks)} conversations answered after {took_s:.1f} s")  # noqa: T201 - worth watching
    for question, talk in talks.items():
        assert messenger.texts(talk) == [_answer_to(question)]
    posted: list[list[str]] = [record.posted for record in messenger.book.records]
    assert sorted(posted) == sorted([question] for question in talks)
    assert took_s < _MOST_S


async def test_200_slack_threads_are_answered_at_once(own_scene: Scene) -> None:
    questions = _prepare(own_scene)
    slack = SlackMessenger(own_scene)
    await own_scene.start_bridge(TELEGRAM_BOT_TOKEN="")
    places = [Talk(slack.channel(), "") for _ in range(40)]

    asked = await asyncio.gather(
        *(slack.ask_in_group(question, places[number % 40]) for number, question in enumerate(questions))
    )

    await _check_all_answered(slack, dict(zip(questions, asked, strict=True)))


async def test_200_telegram_chats_are_answered_at_once(own_scene: Scene) -> None:
    questions = _prepare(own_scene)
    telegram = TelegramMessenger(own_scene)
    own_scene.stage.telegram.limit(Limits())
    await own_scene.start_bridge(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")

    asked = await asyncio.gather(*(telegram.ask_directly(question) for question in questions))

    await _check_all_answered(telegram, dict(zip(questions, asked, strict=True)))
    # Its own limits were on all the time. On a machine that is busy with other tests calls bunch up on their way;
    # that no call at all is refused is shown in virtual time (test_pacing_simulated).
    gate = own_scene.stage.telegram.flood_gate
    assert sum(gate.refused.values()) <= 10
    assert gate.refused_while_closed == {}
