"""A person takes a thread over and gives it back, in both services."""

import json

import pytest

from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Handoff, Hold, Tool
from tests.scenario.command_line import run_command
from tests.scenario.messengers import Messenger, SlackMessenger, Talk, TelegramMessenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

BEFORE, AFTER = "The small plan has ten seats.", "Then the large one fits."
TAKEN, BACK = "A person takes over here.", "The assistant answers here again."


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_LOG_LEVEL": "debug", "BRIDGE_HUMAN_TOOLS": "ask_a_person, Front desk"}


async def _until_kept(messenger: Messenger, talk: Talk, what: str) -> None:
    """Wait until the bridge has kept it: what is sent after it may come before it."""
    await messenger.book.until(
        lambda: any(what in line and f":{talk.place}:" in line for line in messenger.scene.log.splitlines())
    )


def _word(messenger: Messenger, word: str) -> str:
    return word if messenger.name == "slack" else f"/{word}"


async def test_a_person_takes_a_thread_over_and_the_agent_knows_what_was_said(messenger: Messenger) -> None:
    """M7: silence, and no session, in between; nothing is billed."""
    messenger.scene.answers |= {"which plan?": Answer.of(BEFORE), "and for fifteen?": Answer.of(AFTER)}
    talk = await messenger.ask_directly("which plan?")
    await messenger.until_texts(talk, BEFORE)
    await messenger.follow_up(talk, _word(messenger, "human"))
    await messenger.until_said(talk, TAKEN)
    await messenger.until_ended(talk)

    await messenger.follow_up(talk, "We are fifteen, says Bob.")
    await _until_kept(messenger, talk, "Question overheard")
    await messenger.follow_up(talk, _word(messenger, "status"))
    await messenger.until_said(talk, "took over here")
    await messenger.follow_up(talk, _word(messenger, "new"))
    await messenger.until_said(talk, "A person has taken over here.")
    assert len(messenger.records(talk)) == 1

    await messenger.follow_up(talk, _word(messenger, "agent"))
    await messenger.until_said(talk, BACK)
    await messenger.follow_up(talk, "and for fifteen?")
    await messenger.until_said(talk, AFTER)
    first, second = messenger.records(talk)
    assert (first.posted, second.posted) == (["which plan?"], ["and for fifteen?"])
    (carried,) = second.carried
    assert BEFORE in carried
    assert carried.count("We are fifteen, says Bob.") == 1


async def test_a_running_answer_stops_when_a_person_takes_over(messenger: Messenger) -> None:
    """M7: what waits behind it is not asked, and goes along later."""
    gate = Gate()
    messenger.scene.answers |= {
        "tell me all": Answer.of(BEFORE, Hold(gate), " And more of it."),
        "and now?": Answer.of(AFTER),
    }
    talk = await messenger.ask_directly("tell me all")
    await messenger.until_said(talk, BEFORE)
    await gate.reached()
    await messenger.follow_up(talk, "and this?")
    await messenger.book.until(lambda: messenger.scene.log.count(f":{talk.questions[-1]}") > 0)
    await messenger.follow_up(talk, _word(messenger, "human"))
    await messenger.until_said(talk, TAKEN)
    gate.open()
    await messenger.until_ended(talk)
    assert "Stopped." in messenger.texts(talk)[0]
    assert messenger.records(talk)[0].posted == ["tell me all"]

    await messenger.follow_up(talk, _word(messenger, "agent"))
    await messenger.until_said(talk, BACK)
    await messenger.follow_up(talk, "and now?")
    await messenger.until_said(talk, AFTER)
    (carried,) = messenger.records(talk)[1].carried
    assert BEFORE in carried
    assert carried.count("and this?") == 1


async def test_what_people_say_to_each_other_in_a_group_goes_along(messenger: Messenger) -> None:
    """M7: also what is not said to the bot, where the bot hears it."""
    messenger.scene.answers |= {"which plan, bot?": Answer.of(BEFORE), "so?": Answer.of(AFTER)}
    talk = await messenger.ask_in_group("which plan, bot?")
    await messenger.until_texts(talk, BEFORE)
    await messenger.follow_up(talk, _word(messenger, "human"))
    await messenger.until_said(talk, TAKEN)
    await messenger.say_to_a_person(talk, "Bob, are we fifteen?")
    await _until_kept(messenger, talk, "Remark overheard")
    await messenger.follow_up(talk, _word(messenger, "agent"))
    await messenger.until_said(talk, BACK)
    await messenger.follow_up(talk, "so?")
    await messenger.until_said(talk, AFTER)
    (carried,) = messenger.records(talk)[1].carried
    assert carried.count("Bob, are we fifteen?") == 1


async def _say_as_another(messenger: Messenger, talk: Talk, text: str) -> tuple[str, str]:
    """Let another person speak in the thread; return the name and the id."""
    if isinstance(messenger, SlackMessenger):
        person = messenger.person()
        await messenger.slack.say(person, talk.place, text, talk.root)
        return messenger.slack.workspace.people[person].name, person
    assert isinstance(messenger, TelegramMessenger)
    bob = messenger.telegram.person("Bob Builder")
    chat = messenger.chats[talk.place][1]
    await messenger.telegram.say(bob, chat, text, reply_to=int(talk.questions[0]))
    return "Bob Builder", str(bob.id)


async def test_people_are_called_by_their_names_where_one_has_a_thread(messenger: Messenger) -> None:
    """M7: in `status`, and as speakers of what goes along; no one is looked up before what they said is kept."""
    messenger.scene.answers["which plan is it?"] = Answer.of(BEFORE)
    talk = await messenger.ask_in_group("which plan is it?")
    await messenger.until_texts(talk, BEFORE)
    await messenger.follow_up(talk, _word(messenger, "human"))
    await messenger.until_said(talk, TAKEN)
    name, person = await _say_as_another(messenger, talk, "We are twenty.")
    await _until_kept(messenger, talk, "overheard")
    if isinstance(messenger, SlackMessenger):
        assert not any(call.method == "users.info" and call.params["user"] == person for call in messenger.slack.calls)
        taker = messenger.slack.workspace.people[talk.person].name
    else:
        assert isinstance(messenger, TelegramMessenger)
        taker = messenger.chats[talk.place][0].name
    await messenger.follow_up(talk, _word(messenger, "status"))
    await messenger.until_said(talk, f"{taker} took over here")

    await messenger.follow_up(talk, _word(messenger, "agent"))
    await messenger.until_said(talk, BACK)
    await messenger.follow_up(talk, "and then?")
    await messenger.until_said(talk, "and then?")
    (carried,) = messenger.records(talk)[1].carried
    assert f"{name} ({person}): We are twenty." in carried
    assert f"{taker} (" in carried


@pytest.mark.parametrize("step", [Tool("ask_a_person", 0.0), Handoff("front desk")])
async def test_the_agent_asks_for_a_person_where_the_settings_name_its_tool(
    messenger: Messenger, step: Tool | Handoff
) -> None:
    """M7: its answer is shown whole, and says that a person takes over; operators see it."""
    question = f"a person, please ({type(step).__name__})"
    messenger.scene.answers |= {question: Answer.of(BEFORE, step, " Wait."), "you there?": Answer.of(AFTER)}
    talk = await messenger.ask_directly(question)
    await messenger.until_said(talk, "A person takes over here.")
    await messenger.until_ended(talk)
    assert messenger.texts(talk)[0].startswith(BEFORE)
    await messenger.follow_up(talk, "you there?")
    await _until_kept(messenger, talk, "Question overheard")
    listed = await run_command(messenger.scene, "sessions", "--json")
    (taken,) = [one for one in json.loads(listed.out) if one["place"] == talk.place]
    assert (taken["taken_over"], taken["by_agent"], taken["channel"]) == (True, True, messenger.name)
    assert "asked for by the agent" in (await run_command(messenger.scene, "sessions")).out
    assert len(messenger.records(talk)) == 1
