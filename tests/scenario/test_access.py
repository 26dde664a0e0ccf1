"""People, places and workspaces that may not ask, over real sockets."""

import pytest

from bridge.domain.notices import Notice
from bridge.texts.sentences import not_allowed
from sandbox.talkifai.script import Answer
from tests.english import english, without_reference
from tests.scenario.messengers import SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_ASKED = "May I ask?"


async def test_people_and_channels_of_slack_that_are_not_on_a_list_are_refused_once(own_scene: Scene) -> None:
    """A19: one quiet refusal, no session, nothing stored. A10: only the person sees it."""
    slack = SlackMessenger(own_scene)
    ada, eve = slack.person(), slack.person()
    allowed, other = slack.channel(), slack.channel()
    await own_scene.start_bridge(SLACK_ALLOWED_USERS=ada, SLACK_ALLOWED_CHANNELS=f"{allowed},direct")
    own_scene.answers[_ASKED] = Answer.of("You may.")
    for _ in range(2):
        await slack.slack.say(eve, allowed, f"{slack.slack.mention} {_ASKED}")
        await slack.slack.say(ada, other, f"{slack.slack.mention} {_ASKED}")
        await slack.slack.say(eve, slack.slack.add_channel("D0EVE"), _ASKED)
    root = await slack.slack.say(ada, allowed, f"{slack.slack.mention} {_ASKED}")
    await slack.slack.say(ada, slack.slack.add_channel("D0ADA"), _ASKED)
    await slack.ledger.until(lambda: bool(slack.ledger.shown(allowed, root) and slack.ledger.shown("D0ADA")))

    told = sorted((place, person, words) for place, person, _, words in slack.slack.api.ephemerals)
    assert told == sorted(
        [
            (allowed, eve, not_allowed(english, Notice.NOT_ALLOWED, eve)),
            (other, ada, not_allowed(english, Notice.NOT_ALLOWED_HERE, other)),
        ]
    )
    assert len(own_scene.stage.talkifai.book.records) == 2
    assert slack.ledger.shown(other) == []
    assert [one.text.strip("_") for one in slack.ledger.shown("D0EVE")] == [
        not_allowed(english, Notice.NOT_ALLOWED, eve)
    ]
    assert "Slack: who may ask is limited by SLACK_ALLOWED_CHANNELS, SLACK_ALLOWED_USERS" in own_scene.log
    assert "Telegram: everyone who finds the bot may ask; TELEGRAM_ALLOWED_USERS narrows it" in own_scene.log


async def test_people_and_chats_of_telegram_that_are_not_on_a_list_are_refused_once(own_scene: Scene) -> None:
    """A19: ids and names; one refusal a day, no session, nothing stored."""
    telegram = TelegramMessenger(own_scene)
    world = telegram.telegram
    ada, eve, group, other = world.person("Ada", "ada_l"), world.person("Eve"), world.group("A"), world.group("B")
    await own_scene.start_bridge(
        TELEGRAM_ALLOWED_USERS="@Ada_L", TELEGRAM_ALLOWED_CHATS=str(group.id), TELEGRAM_DENIED_USERS=str(eve.id)
    )
    own_scene.answers[_ASKED] = Answer.of("You may.")
    for _ in range(2):
        await world.say(eve, world.private_chat(eve), _ASKED)
        await world.say(ada, other, _ASKED, mention=True)
        await world.say(eve, group, _ASKED, mention=True)
    await world.say(ada, group, _ASKED, mention=True)
    # A private chat is allowed where its person is allowed by name.
    await world.say(ada, world.private_chat(ada), _ASKED)
    await telegram.ledger.until(lambda: "You may." in [one.text for one in telegram.ledger.shown(str(ada.id))])
    await telegram.ledger.until(lambda: len(telegram.ledger.shown(str(group.id))) == 2)
    await telegram.ledger.until(lambda: bool(telegram.ledger.shown(str(other.id))))

    def said(place: int) -> list[str]:
        return [one.text for one in telegram.ledger.shown(str(place))]

    refused = not_allowed(english, Notice.NOT_ALLOWED, str(eve.id))
    assert said(eve.id) == [not_allowed(english, Notice.NOT_ALLOWED_HERE, str(eve.id))]
    assert said(other.id) == [not_allowed(english, Notice.NOT_ALLOWED_HERE, str(other.id))]
    assert sorted(said(group.id)) == sorted([refused, "You may."])
    assert len(own_scene.stage.talkifai.book.records) == 2


@pytest.mark.parametrize("leaves", ["on", "off"])
async def test_a_bot_that_is_added_to_a_chat_that_is_not_allowed_says_so_and_leaves(
    own_scene: Scene, leaves: str
) -> None:
    """A19: unless the operator wants it to stay."""
    telegram = TelegramMessenger(own_scene)
    world = telegram.telegram
    ada, allowed, other = world.person("Ada"), world.group("A"), world.group("B")
    await own_scene.start_bridge(TELEGRAM_ALLOWED_CHATS=str(allowed.id), TELEGRAM_LEAVE_CHATS=leaves)
    for chat in (other, allowed):
        world.add_bot_to(chat, ada)
    own_scene.answers[_ASKED] = Answer.of("You may.")
    await world.say(ada, allowed, _ASKED, mention=True)
    await telegram.ledger.until(lambda: "You may." in [one.text for one in telegram.ledger.shown(str(allowed.id))])

    said = [one.text for one in telegram.ledger.shown(str(other.id))]
    assert said == ([not_allowed(english, Notice.NOT_ALLOWED_HERE, str(other.id))] if leaves == "on" else [])
    assert bool(other.blocked_for) is (leaves == "on")
    assert not allowed.blocked_for


async def test_only_people_with_a_confirmed_address_in_an_allowed_domain_may_ask(own_scene: Scene) -> None:
    """A19: on Slack what Slack says is confirmed, on Telegram what the operator's file says."""
    slack, telegram = SlackMessenger(own_scene), TelegramMessenger(own_scene)
    slack.slack.person("Eve", "U0EVE", "eve@evil.example")
    ada, bob = telegram.telegram.person("Ada"), telegram.telegram.person("Bob")
    people = own_scene.folder / "people.txt"
    people.write_text(f"{ada.id} ada@example.com\n", encoding="utf-8")
    await own_scene.start_bridge(BRIDGE_ALLOWED_EMAIL_DOMAINS="example.com", TELEGRAM_IDENTITIES=str(people))
    own_scene.answers[_ASKED] = Answer.of("You may.")
    await slack.slack.say("U0EVE", slack.slack.add_channel("D0EVE"), _ASKED)
    talk = await slack.ask_directly(_ASKED)
    await slack.until_texts(talk, "You may.")
    for person, words in ((ada, "You may."), (bob, not_allowed(english, Notice.NOT_ALLOWED_EMAIL, str(bob.id)))):
        await telegram.telegram.say(person, telegram.telegram.private_chat(person), _ASKED)
        await telegram.ledger.until(lambda: bool(telegram.ledger.shown(str(person.id))))  # noqa: B023 - awaited here
        (shown,) = telegram.ledger.shown(str(person.id))
        assert shown.text == words
    await slack.ledger.until(lambda: bool(slack.ledger.shown("D0EVE")))
    (told,) = slack.ledger.shown("D0EVE")
    assert told.text.strip("_") == not_allowed(english, Notice.NOT_ALLOWED_EMAIL, "U0EVE")
    assert len(own_scene.stage.talkifai.book.records) == 2


async def test_without_the_scope_to_look_people_up_nobody_is_answered_and_the_operator_learns_why(
    own_scene: Scene,
) -> None:
    """A10: what was asked to be restricted and cannot be checked is not allowed."""
    slack = SlackMessenger(own_scene)
    slack.slack.scopes -= {"users:read"}
    await own_scene.start_bridge()
    place = slack.channel()
    await slack.slack.say(slack.person(), place, f"{slack.slack.mention} {_ASKED}")
    await slack.ledger.until(lambda: bool(slack.slack.api.ephemerals))
    assert [without_reference(words) for *_, words in slack.slack.api.ephemerals] == [english(Notice.UNAVAILABLE)]
    assert own_scene.stage.talkifai.book.records == []
    assert "SLACK_EXTERNAL_USERS: is refuse, and" in own_scene.log
