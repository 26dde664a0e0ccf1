"""People who ask too much, over real sockets: a notice says so, and no other person waits for them."""

import asyncio
import re

import pytest

from bridge.domain.notices import Notice
from sandbox.talkifai.script import Answer, Pause
from tests.english import english
from tests.scenario.messengers import MESSENGERS, Messenger, SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_WHEN = {"slack": r"at \d+:\d\d\s[AP]M\.", "telegram": r"in about 60 minutes\."}
"""Slack tells a person's time zone, and Telegram does not."""


async def _ask(messenger: Messenger, person: object, text: str, place: str = "") -> str:
    """Ask in a thread of its own; return the place, in which nothing else is asked."""
    if isinstance(messenger, SlackMessenger):
        place = place or messenger.channel()
        await messenger.slack.say(str(person), place, f"{messenger.slack.mention} {text}")
        return place
    assert isinstance(messenger, TelegramMessenger)
    group = messenger.telegram.group("Group")
    await messenger.telegram.say(person, group, text, mention=True)  # type: ignore[arg-type]  # a Telegram user
    return str(group.id)


def _person(messenger: Messenger, name: str) -> object:
    if isinstance(messenger, SlackMessenger):
        return messenger.person()
    assert isinstance(messenger, TelegramMessenger)
    return messenger.telegram.person(name)


def _said(messenger: Messenger, place: str) -> list[str]:
    told = [one.text for one in messenger.ledger.shown(place)]
    if isinstance(messenger, SlackMessenger):
        told += [words for where, _, _, words in messenger.slack.api.ephemerals if where == place]
    return told


@pytest.mark.parametrize("name", ["slack", "telegram"])
async def test_a_person_over_an_hours_questions_is_told_when_to_come_again_and_others_are_not_affected(
    own_scene: Scene, name: str
) -> None:
    """A20: questions an hour. A12: the notice says the time."""
    await own_scene.start_bridge(BRIDGE_PERSON_QUESTIONS_PER_HOUR="2")
    messenger = MESSENGERS[name](own_scene)
    own_scene.answers["hi"] = Answer.of("Hello.")
    eve, ada = _person(messenger, "Eve"), _person(messenger, "Ada")
    for _ in range(2):
        place = await _ask(messenger, eve, "hi")
        await messenger.ledger.until(lambda: "Hello." in _said(messenger, place))  # noqa: B023 - awaited here
    over = await _ask(messenger, eve, "hi")
    await messenger.ledger.until(lambda: bool(_said(messenger, over)))
    (told,) = _said(messenger, over)
    assert re.fullmatch(f"{re.escape(english(Notice.USED_UP_HOUR))} Please ask again {_WHEN[name]}", told.strip("_"))
    other = await _ask(messenger, ada, "hi")
    await messenger.ledger.until(lambda: "Hello." in _said(messenger, other))
    assert len(own_scene.stage.talkifai.book.records) == 3


@pytest.mark.parametrize("name", ["slack", "telegram"])
async def test_the_limit_of_an_hour_holds_where_questions_come_in(own_scene: Scene, name: str) -> None:
    """A20: the notice does not wait for the answers that are at work, and others are served meanwhile."""
    await own_scene.start_bridge(BRIDGE_PERSON_QUESTIONS_PER_HOUR="1", BRIDGE_PERSON_LIVE_TURNS="1", BRIDGE_DRAIN_S="0")
    messenger = MESSENGERS[name](own_scene)
    own_scene.answers |= {"long": Answer.of("It ", Pause(30.0), "ends."), "hi": Answer.of("Hello.")}
    eve, ada = _person(messenger, "Eve"), _person(messenger, "Ada")
    book = own_scene.stage.talkifai.book
    await _ask(messenger, eve, "long")
    await book.until(lambda: any("long" in record.posted for record in book.records))
    over = await _ask(messenger, eve, "hi")
    await messenger.ledger.until(lambda: english(Notice.USED_UP_HOUR) in "".join(_said(messenger, over)), 10.0)
    other = await _ask(messenger, ada, "hi")
    await messenger.ledger.until(lambda: "Hello." in _said(messenger, other))
    assert [record.posted for record in book.records] == [["long"], ["hi"]]


@pytest.mark.parametrize("name", ["slack", "telegram"])
async def test_a_days_budget_of_a_place_and_open_conversations_are_limited_too(own_scene: Scene, name: str) -> None:
    """A20: open sessions, budget."""
    await own_scene.start_bridge(BRIDGE_PERSON_OPEN_SESSIONS="1", BRIDGE_BUDGET_TOTAL_MESSAGES="3")
    messenger = MESSENGERS[name](own_scene)
    own_scene.answers["hi"] = Answer.of("Hello.")
    eve, ada = _person(messenger, "Eve"), _person(messenger, "Ada")
    first = await _ask(messenger, eve, "hi")
    await messenger.ledger.until(lambda: "Hello." in _said(messenger, first))
    second = await _ask(messenger, eve, "hi")
    await messenger.ledger.until(lambda: english(Notice.USED_UP_SESSIONS) in "".join(_said(messenger, second)))
    assert re.search(f"Please ask again {_WHEN[name].replace('60', '10')}", "".join(_said(messenger, second)))
    third = await _ask(messenger, ada, "hi")
    await messenger.ledger.until(lambda: "Hello." in _said(messenger, third))
    fourth = await _ask(messenger, _person(messenger, "Bob"), "hi")
    await messenger.ledger.until(lambda: english(Notice.USED_UP_TOTAL) in "".join(_said(messenger, fourth)))
    assert len(own_scene.stage.talkifai.book.records) == 2
    assert "100 % of a day's budget is used: BRIDGE_BUDGET_TOTAL_MESSAGES = 3" in own_scene.log


@pytest.mark.parametrize(("live_turns", "max_turns"), [("3", "500"), ("0", "2")])
@pytest.mark.parametrize("name", ["slack", "telegram"])
async def test_thirty_questions_of_one_person_do_not_delay_another(
    own_scene: Scene, name: str, live_turns: str, max_turns: str
) -> None:
    """A21: in thirty threads; all are answered in the end. A20: live turns, more wait."""
    await own_scene.start_bridge(
        BRIDGE_PERSON_LIVE_TURNS=live_turns, BRIDGE_MAX_TURNS=max_turns, BRIDGE_PERSON_OPEN_SESSIONS="0"
    )
    messenger = MESSENGERS[name](own_scene)
    own_scene.answers |= {"flood": Answer.of(Pause(0.1), "word and word."), "hi": Answer.of("Hello.")}
    eve, ada = _person(messenger, "Eve"), _person(messenger, "Ada")
    flood = [await _ask(messenger, eve, "flood") for _ in range(30)]
    place = await _ask(messenger, ada, "hi")
    book = own_scene.stage.talkifai.book
    await messenger.ledger.until(lambda: "Hello." in _said(messenger, place))
    asked = [text for record in book.records for text in record.posted]
    assert asked.index("hi") < 12, "thirty others came first"
    async with asyncio.timeout(60):
        await book.until(lambda: sum("flood" in record.posted for record in book.records) == len(flood), 60.0)
