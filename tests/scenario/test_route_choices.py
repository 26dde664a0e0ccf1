"""Each choice of a route, on both services; and what a reload changes while replies run."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Gate
from sandbox.talkifai.script import Answer, Hold
from tests.english import english
from tests.scenario.messengers import MESSENGERS, WAIT_S, Messenger, SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Write the configuration file and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "bridge.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


class Somebody:
    """A person who writes to the bot alone."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        if isinstance(messenger, SlackMessenger):
            self.id = messenger.person()
            self.place = messenger.slack.add_channel(f"D{self.id[1:]}")
        else:
            assert isinstance(messenger, TelegramMessenger)
            self._user = messenger.telegram.person("Somebody")
            self._chat = messenger.telegram.private_chat(self._user)
            self.id = self.place = str(self._user.id)
        self.talk = Talk(self.place, "")

    async def say(self, text: str) -> None:
        if isinstance(self._messenger, SlackMessenger):
            await self._messenger.slack.say(self.id, self.place, text)
        elif isinstance(self._messenger, TelegramMessenger):
            await self._messenger.telegram.say(self._user, self._chat, text)

    async def until_said(self, words: str) -> None:
        await self._messenger.until_said(self.talk, words, WAIT_S)


async def test_prompts_of_a_route_are_suggested_and_its_greeting_begins_a_conversation(
    own_scene: Scene, write: Callable[[str], str]
) -> None:
    slack, telegram = SlackMessenger(own_scene), TelegramMessenger(own_scene)
    own_scene.stage.slack.scopes.add("assistant:write")
    ada, bob = Somebody(slack), Somebody(slack)
    eve, fay = Somebody(telegram), Somebody(telegram)
    choices = "greeting = 'Hello from **Support**.'\nprompts = ['Where is my order?', 'What is new?']\n"
    path = write("".join(f"[[routes]]\nperson = '{one.id}'\n{choices}" for one in (ada, eve)))
    await own_scene.start_bridge(BRIDGE_CONFIG=path, SLACK_AGENT_VIEW="on", SLACK_PROMPTS="Help me")
    api = slack.slack.api
    for person in (ada, bob):
        slack.slack.open_app(person.id, person.place)
        slack.slack.open_app(person.id, person.place, tab="home")
    async with asyncio.timeout(WAIT_S):
        while not ({ada.place, bob.place} <= set(api.prompts) and {ada.id, bob.id} <= set(api.homes)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert api.prompts[ada.place] == ["Where is my order?", "What is new?"]
    assert api.prompts[bob.place] == ["Help me"]
    assert "• Where is my order?" in json.dumps(api.homes[ada.id], ensure_ascii=False)
    assert "• Help me" in json.dumps(api.homes[bob.id], ensure_ascii=False)

    # In the view for agents each message of a direct message is a thread of its own.
    root = await slack.slack.say(ada.id, ada.place, "new")
    await slack.until_said(Talk(ada.place, root), "Hello from **Support**.")
    await eve.say("/start")
    await telegram.until_texts(eve.talk, "Hello from Support.\n\nYou could ask\n• Where is my order?\n• What is new?")
    await fay.say("/start")
    await telegram.ledger.until(lambda: bool(telegram.texts(fay.talk)))
    assert "Support." not in telegram.texts(fay.talk)[0]


@pytest.mark.parametrize("name", MESSENGERS)
async def test_access_and_budgets_of_a_route_hold_where_it_does(
    own_scene: Scene, name: str, write: Callable[[str], str]
) -> None:
    messenger = MESSENGERS[name](own_scene)
    denied, thrifty, free = Somebody(messenger), Somebody(messenger), Somebody(messenger)
    own_scene.answers["hi"] = Answer.of("Hello.")
    path = write(
        f"[[routes]]\nplace = '{denied.place}'\n[routes.access]\ndenied_users = ['{denied.id}']\n"
        f"[[routes]]\nplace = '{thrifty.place}'\n[routes.budgets]\nperson_messages_per_day = 1\n"
    )
    await own_scene.start_bridge(BRIDGE_CONFIG=path)
    await denied.say("hi")
    await denied.until_said(english(Notice.NOT_ALLOWED))
    for person in (thrifty, free):
        await person.say("hi")
        await person.until_said("Hello.")
        await person.say("hi")
    await thrifty.until_said(english(Notice.USED_UP_PERSON))
    await messenger.until_texts(free.talk, "Hello.", "Hello.")


@pytest.mark.parametrize("name", MESSENGERS)
async def test_lists_and_limits_hold_after_a_reload_and_no_reply_is_dropped(
    own_scene: Scene, name: str, write: Callable[[str], str]
) -> None:
    messenger = MESSENGERS[name](own_scene)
    gate = Gate()
    own_scene.answers["a long one"] = Answer.of("The first half of the answer stands here. ", Hold(gate), "The rest.")
    own_scene.answers["hi"] = Answer.of("Hello.")
    bridge = await own_scene.start_bridge(BRIDGE_CONFIG=write(""))
    running, other = Somebody(messenger), Somebody(messenger)
    await running.say("a long one")
    await running.until_said("The first half")
    await other.say("hi")
    await other.until_said("Hello.")

    lists = f"[{name}]\ndenied_users = ['{other.id}']\n"
    path = write(f"{lists}[bridge]\nbudget_total_messages = 2\n")
    await bridge.reload()
    assert "reloaded: 0 routes, 0 own texts" in own_scene.log
    assert "takes effect at the next start" not in own_scene.log
    await other.say("hi")
    await other.until_said(english(Notice.NOT_ALLOWED))
    third = Somebody(messenger)
    await third.say("hi")
    await third.until_said(english(Notice.USED_UP_TOTAL))

    write("[bridge]\nbudget_total_messages = 'many'\n")
    await bridge.reload()
    assert f"not reloaded: {path}:2: BRIDGE_BUDGET_TOTAL_MESSAGES: is not a whole number." in own_scene.log
    fourth = Somebody(messenger)
    await fourth.say("hi")
    await fourth.until_said(english(Notice.USED_UP_TOTAL))

    write("")
    await bridge.reload()
    await fourth.say("hi")
    await fourth.until_said("Hello.")
    gate.open()
    await running.until_said("The rest.")
    assert bridge.process.returncode is None
