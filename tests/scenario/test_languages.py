"""People read what the bridge says in their own languages, and in the operator's words where those are set."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.domain.notices import SLASHES, WORDS, Label, Notice
from bridge.texts.catalog import texts_in
from bridge.texts.sentences import help_text
from sandbox.talkifai.script import Answer, Fail
from tests.scenario.messengers import MESSENGERS, Messenger, SlackMessenger, Talk, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

german, brazilian = texts_in("de"), texts_in("pt")
SPEAKERS = [("de-DE", "Europe/Berlin"), ("pt-BR", "America/Sao_Paulo")]


class Speaker:
    """A person of one language, on either service."""

    def __init__(self, messenger: Messenger, language: str, time_zone: str) -> None:
        self.messenger = messenger
        if isinstance(messenger, SlackMessenger):
            self.id = messenger.person()
            people = messenger.slack.workspace.people
            people[self.id] = replace(people[self.id], locale=language, time_zone=time_zone)
            self.place = messenger.slack.add_channel(f"D{self.id[1:]}")
        else:
            assert isinstance(messenger, TelegramMessenger)
            self._user = messenger.telegram.person("Speaker")
            self._user.language_code = language
            self._chat = messenger.telegram.private_chat(self._user)
            self.id = self.place = str(self._chat.id)

    @property
    def talk(self) -> Talk:
        return Talk(self.place, "")

    async def say(self, text: str) -> None:
        if isinstance(self.messenger, SlackMessenger):
            await self.messenger.slack.say(self.id, self.place, text)
        elif isinstance(self.messenger, TelegramMessenger):
            await self.messenger.telegram.say(self._user, self._chat, text)

    def buttons(self) -> Sequence[str]:
        """Return the labels below the newest message of the bot."""
        message_id = self.messenger.replies(self.talk)[-1].message_id
        if isinstance(self.messenger, SlackMessenger):
            message = self.messenger.slack.workspace.messages[self.place, message_id]
            return re.findall(r'"plain_text", "text": "([^"]*)"', json.dumps(message.blocks, ensure_ascii=False))
        assert isinstance(self.messenger, TelegramMessenger)
        markup = self.messenger.telegram.world.messages[int(message_id)].keyboard or {}
        return [button["text"] for row in markup.get("inline_keyboard", ()) for button in row]


@pytest.mark.parametrize("name", MESSENGERS)
@pytest.mark.parametrize(("language", "time_zone"), SPEAKERS)
async def test_help_status_and_failures_are_in_the_language_of_the_asker(
    own_scene: Scene, name: str, language: str, time_zone: str
) -> None:
    await own_scene.start_bridge(BRIDGE_LOG_FORMAT="json", BRIDGE_LOG_LEVEL="info")
    messenger, texts = MESSENGERS[name](own_scene), texts_in(language)
    own_scene.answers["break"] = Answer.of("So far. ", Fail("no matter"))
    slash, style = ("", WORDS) if name == "slack" else ("/", SLASHES)
    person = Speaker(messenger, language, time_zone)
    await person.say(f"{slash}help")
    await messenger.until_said(person.talk, help_text(texts, style).splitlines()[-1])
    await person.say(f"{slash}status")
    await messenger.until_said(person.talk, texts(Notice.NOTHING_OPEN))
    await person.say("break")
    await messenger.until_said(person.talk, texts(Notice.FAILED))
    short, long = texts(Label.SHORT_RETRY), texts(Label.RETRY)
    await messenger.ledger.until(lambda: bool({short, long} & set(person.buttons())))

    shown = messenger.texts(person.talk)[-1]
    (reference,) = re.findall(r"[0-9a-f]{8}", shown)
    await own_scene.stage.talkifai.book.until(lambda: f'"reference": "{reference}"' in own_scene.log)
    (line,) = [json.loads(line) for line in own_scene.log.splitlines() if f'"reference": "{reference}"' in line]
    assert (line["outcome"], line["message"]) == ("interrupted", "turn settled")


@pytest.mark.parametrize("name", MESSENGERS)
async def test_what_is_used_up_comes_back_at_a_time_of_the_persons_own_clock(own_scene: Scene, name: str) -> None:
    await own_scene.start_bridge(BRIDGE_PERSON_QUESTIONS_PER_HOUR="1")
    messenger = MESSENGERS[name](own_scene)
    own_scene.answers["oi"] = Answer.of("Olá.")
    person = Speaker(messenger, "pt-BR", "America/Sao_Paulo")
    await person.say("oi")
    await messenger.until_said(person.talk, "Olá.")
    await person.say("oi")
    await messenger.until_said(person.talk, brazilian(Notice.USED_UP_HOUR))
    when = r"a partir deste horário: \d\d:\d\d\." if name == "slack" else r"em cerca de 60 minutos\."
    assert re.search(when, messenger.texts(person.talk)[-1])


@pytest.mark.parametrize("name", MESSENGERS)
async def test_in_a_shared_thread_each_asker_is_answered_in_the_own_language(own_scene: Scene, name: str) -> None:
    await own_scene.start_bridge()
    messenger = MESSENGERS[name](own_scene)
    if isinstance(messenger, SlackMessenger):
        place, people = messenger.channel(), [Speaker(messenger, *facts) for facts in SPEAKERS]
        root = await messenger.slack.say(people[0].id, place, f"{messenger.slack.mention} status")
        await messenger.until_said(Talk(place, root), german(Notice.NOTHING_OPEN))
        await messenger.slack.say(people[1].id, place, f"{messenger.slack.mention} status", root)
        await messenger.until_said(Talk(place, root), brazilian(Notice.NOTHING_OPEN))
    else:
        assert isinstance(messenger, TelegramMessenger)
        group = messenger.telegram.group("Group")
        for language, words in (("de", german), ("pt-br", brazilian)):
            user = messenger.telegram.person("Speaker")
            user.language_code = language
            await messenger.telegram.say(user, group, "/status")
            await messenger.until_said(Talk(str(group.id), ""), words(Notice.NOTHING_OPEN))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "bridge.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("name", MESSENGERS)
async def test_the_operators_own_words_stand_in_for_those_of_the_bridge(
    own_scene: Scene, name: str, write: Callable[[str], str]
) -> None:
    path = write(
        "[bridge]\nlanguage = 'fr'\n[texts]\nnothing_open = 'Nothing here.'\n[texts.de]\nnothing_open = 'Nichts da.'\n"
    )
    bridge = await own_scene.start_bridge(BRIDGE_CONFIG=path)
    messenger = MESSENGERS[name](own_scene)
    word = "status" if name == "slack" else "/status"
    for language, said in (("de", "Nichts da."), ("pt-BR", "Nothing here."), ("ja", "Nothing here.")):
        person = Speaker(messenger, language, "")
        await person.say(word)
        await messenger.until_said(person.talk, said)
    stranger = Speaker(messenger, "ja", "")
    await stranger.say("help" if name == "slack" else "/help")
    await messenger.until_said(stranger.talk, texts_in("fr")(Label.COMMAND_HELP))

    write("[texts.de]\nnothing_open = 'Leer.'\n")
    await bridge.reload()
    person = Speaker(messenger, "de", "")
    await person.say(word)
    await messenger.until_said(person.talk, "Leer.")
    write("[texts.de]\nnothing_opn = 'Leer.'\nqueued_at = 'Noch {cuont}.'\n")
    await bridge.reload()
    await person.say(word)
    await messenger.until_texts(person.talk, *[messenger.texts(person.talk)[0]] * 2)
    assert f"not reloaded: {path}:2: texts.de.nothing_opn: is no text of the bridge. Did you mean nothing_open?" in (
        own_scene.log
    )
    assert f"not reloaded: {path}:3: texts.de.queued_at: has the placeholder {{cuont}}, which is not filled." in (
        own_scene.log
    )


async def test_telegrams_menus_have_the_operators_words_after_a_reload(
    own_scene: Scene, write: Callable[[str], str]
) -> None:
    bridge = await own_scene.start_bridge(BRIDGE_CONFIG=write(""))
    telegram = own_scene.stage.telegram

    def says(words: str) -> bool:
        menu = telegram.seen.commands.get((telegram.bot.id, "all_private_chats", "de"), [])
        return any(command["description"] == words for command in menu)

    await telegram.ledger.until(lambda: says(german(Label.COMMAND_HELP)), 30.0)
    write("[texts.de]\ncommand_help = 'Was ich kann'\n")
    await bridge.reload()
    await telegram.ledger.until(lambda: says("Was ich kann"), 30.0)
