"""Ten topics of one Telegram group at once, with the service's limits on."""

import asyncio
import statistics

import pytest

from sandbox.stage import UNBOUNDED
from sandbox.talkifai.script import Answer, Say
from sandbox.telegram.flood import Limits
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

_TOPICS = 10


def _answer_of(question: str) -> str:
    return f"About {question}: " + "this is what there is to say. " * 20 + f"That was {question}."


async def test_ten_topics_of_one_group_meet_no_refusal_and_their_last_texts_are_in_time(own_scene: Scene) -> None:
    """R18: all topics share the chat's limit of one call a second and the group's of twenty a minute."""
    telegram = own_scene.stage.telegram
    questions = [f"question {number}" for number in range(_TOPICS)]
    for number, question in enumerate(questions):
        text, lasts_s = _answer_of(question), 6 + 2.4 * number
        own_scene.answers[question] = Answer.of(Say(text, chunk=10, pause_s=lasts_s * 10 / len(text)))
    telegram.limit(Limits())
    await own_scene.start_bridge(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="", **UNBOUNDED)
    forum, ada = telegram.group("Team", forum=True), telegram.person("Ada")
    topics = [telegram.topic(forum, question) for question in questions]
    book, ledger, clock = own_scene.stage.talkifai.book, telegram.ledger, asyncio.get_running_loop().time

    async def late_s_of(question: str, topic: int) -> float:
        await telegram.say(ada, forum, question, topic=topic, mention=True)
        wanted, place = _answer_of(question), (str(forum.id), str(topic))
        await book.until(lambda: any(r.messages[-1].content == wanted for r in book.records if r.messages), 60)
        written_at = clock()
        await ledger.until(lambda: [one.text for one in ledger.shown(*place)] == [wanted], 60)
        return clock() - written_at

    late_s = await asyncio.gather(*(late_s_of(*pair) for pair in zip(questions, topics, strict=True)))
    assert telegram.flood_gate.refused == {}
    assert statistics.median(late_s) <= 1.5
