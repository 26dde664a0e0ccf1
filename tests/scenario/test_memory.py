"""Whose memory the agent opens, over real sockets: TalkifAI remembers by the name of each conversation."""

from dataclasses import replace

import pytest

from sandbox.talkifai.script import Answer
from tests.scenario.messengers import Messenger, SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_ASKED = "What do you remember of me?"


def _personal(messenger: Messenger, person: str) -> str:
    """Return TalkifAI's name for a person who talks to the bot alone."""
    return f"ada{int(person[1:])}@example.com" if messenger.name == "slack" else f"telegram:{person}"


async def test_a_shared_thread_has_a_memory_of_its_own_and_a_person_alone_has_theirs(messenger: Messenger) -> None:
    """A22: in another person's thread no one reads or writes that person's memory."""
    messenger.scene.answers[_ASKED] = Answer.of("Nothing of anybody.")
    shared, alone = await messenger.ask_in_group(_ASKED), await messenger.ask_directly(_ASKED)
    for talk in (shared, alone):
        await messenger.until_texts(talk, "Nothing of anybody.")

    (record,), (own,) = messenger.records(shared), messenger.records(alone)
    assert record.user_identifier.startswith(f"{messenger.name}:")
    assert record.user_identifier.endswith(f":{shared.place}:{shared.root}")
    assert own.user_identifier == _personal(messenger, alone.person or alone.place)


async def test_somebody_elses_question_in_a_thread_goes_under_the_threads_name(slack: SlackMessenger) -> None:
    """A22: Bob asks in Ada's thread."""
    slack.scene.answers["mine"] = Answer.of("Yours.")
    talk = await slack.ask_in_group("mine")
    await slack.until_texts(talk, "Yours.")
    await slack.slack.say(slack.person(), talk.place, f"{slack.slack.mention} {_ASKED}", talk.root)
    await slack.ledger.until(lambda: len(slack.replies(talk)) == 2)
    assert {record.user_identifier for record in slack.records(talk)} == {f"slack:T0SANDBOX:{talk.place}:{talk.root}"}


@pytest.mark.parametrize(
    ("email", "is_confirmed", "identifier"),
    [("Ada@Example.COM", True, "ada@example.com"), ("ceo@example.com", False, "slack:T0SANDBOX:{}")],
)
async def test_an_address_counts_once_confirmed_and_in_any_case(
    slack: SlackMessenger,
    email: str,
    is_confirmed: bool,  # noqa: FBT001 - a table
    identifier: str,
) -> None:
    """A22: an unconfirmed address; `Ada@` and `ada@`."""
    slack.scene.answers[_ASKED] = Answer.of("Nothing.")
    person = slack.person()
    people = slack.slack.workspace.people
    people[person] = replace(people[person], email=email, has_confirmed_email=is_confirmed)
    place = slack.slack.add_channel(f"D{person[1:]}X")
    await slack.slack.say(person, place, _ASKED)
    await slack.ledger.until(lambda: bool(slack.ledger.shown(place)))
    (record,) = [r for r in slack.book.records if r.metadata.get("channel") == place]
    assert record.user_identifier == identifier.format(person)


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize("memory", ["everywhere", "off"])
async def test_the_operator_chooses_another_memory(own_scene: Scene, memory: str) -> None:
    """A22: as before, or none."""
    await own_scene.start_bridge(BRIDGE_MEMORY=memory)
    own_scene.answers[_ASKED] = Answer.of("Hm.")
    for messenger in (SlackMessenger(own_scene), TelegramMessenger(own_scene)):
        talk = await messenger.ask_in_group(_ASKED)
        await messenger.until_texts(talk, "Hm.")
        (record,) = messenger.records(talk)
        is_personal = "@" in record.user_identifier or record.user_identifier.count(":") == 1
        assert (record.user_identifier != "") == is_personal == (memory == "everywhere")
