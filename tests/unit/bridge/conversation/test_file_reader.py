"""Which files are read, and what becomes of them in the words for the agent."""

from dataclasses import dataclass, field, replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.domain.errors import BridgeError, ChannelTokenRefused, ChannelUnavailable, FileUnreadable
from bridge.domain.files import Attachment, FileRules
from bridge.domain.incoming import Question
from bridge.domain.notices import Notice
from bridge.domain.prompts.carried_words import CARRIED_HEADER
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Person
from tests.english import english
from tests.fakes import question
from tests.unit.bridge.conversation.test_file_delivery import Sharing
from tests.unit.bridge.conversation.turn_fixture import ANSWER, Stage, says, stage_on

RULES = FileRules(extensions=frozenset({"txt", "log"}), most_bytes=50_000)


@dataclass
class Giving(Sharing):
    """A channel whose files can be read."""

    contents: dict[str, bytes | BridgeError] = field(default_factory=dict)
    asked_for: list[tuple[str, int]] = field(default_factory=list)

    @property
    def files(self) -> "Giving":
        return self

    async def read(self, question: Question, file: Attachment, at_most: int) -> bytes:
        del question
        self.asked_for.append((file.name, at_most))
        found = self.contents[file.ref]
        if isinstance(found, BridgeError):
            raise found
        return found[:at_most]


def on(stores: RedisStores, rules: FileRules = RULES, **contents: bytes | BridgeError) -> Stage[Giving]:
    channel = Giving(latency_s=0.0, page_size=5000, contents=contents)
    return stage_on(channel, stores, says(ANSWER), files=rules)


def with_files(text: str, *files: Attachment, number: int = 1, person: Person | None = None) -> Question:
    asked = question(text, number=number) if person is None else question(text, number=number, person=person)
    return replace(asked, has_files=True, files=files)


async def test_a_text_goes_along_and_nothing_is_said_of_it(stores: RedisStores) -> None:
    it = on(stores, a=b"one\ntwo")
    await it.answer(with_files("what?", Attachment("a.txt", 7, "a")))
    ((_, sent),) = it.agent.sent
    assert sent.startswith('what?\n\nThe file "a.txt" came with this message')
    assert sent.endswith("> one\n> two")
    assert it.notices == []


async def test_by_default_no_file_is_asked_for(stores: RedisStores) -> None:
    it = on(stores, FileRules(), a=b"one")
    await it.answer(with_files("what?", Attachment("a.txt", 3, "a")))
    assert (it.agent.sent[0][1], it.channel.asked_for, it.notices) == ("what?", [], [english(Notice.FILES_UNREAD)])


@pytest.mark.parametrize(
    "file",
    [
        Attachment("a.exe", 3, "a"),
        Attachment("txt", 3, "a"),
        Attachment("a.txt", 50_001, "a"),
        Attachment("a.txt", 3, ""),
    ],
)
async def test_what_the_settings_do_not_allow_is_not_asked_for(stores: RedisStores, file: Attachment) -> None:
    it = on(stores, a=b"one")
    await it.answer(with_files("what?", file))
    assert (it.channel.asked_for, it.notices) == ([], [english(Notice.FILES_UNREAD)])


@pytest.mark.parametrize(
    "error", [FileUnreadable("gone"), ChannelUnavailable("away"), ChannelTokenRefused("SLACK_BOT_TOKEN: refused")]
)
async def test_a_file_that_cannot_be_had_leaves_the_others(stores: RedisStores, error: BridgeError) -> None:
    it = on(stores, a=error, b=b"there")
    await it.answer(with_files("what?", Attachment("a.txt", 3, "a"), Attachment("b.log", 5, "b")))
    assert "> there" in it.agent.sent[0][1]
    assert it.notices == ["I did not read a.txt."]


async def test_no_more_is_asked_for_than_fits_beside_the_question(stores: RedisStores) -> None:
    """M9: the question is never shortened, and a size that is not told is bounded all the same."""
    it = on(stores, a=b"x" * 200_000)
    asked = "w" * 9_000
    await it.answer(with_files(asked, Attachment("a.txt", 0, "a")))
    assert it.channel.asked_for == [("a.txt", 4_001)]
    sent = it.agent.sent[0][1]
    assert sent.startswith(asked)
    assert len(sent) == 10_000
    assert it.notices == ["I read only the beginning of a.txt."]


async def test_where_there_is_no_room_the_question_goes_alone(stores: RedisStores) -> None:
    it = on(stores, a=b"x")
    await it.answer(with_files("w" * 9_990, Attachment("a.txt", 0, "a")))
    assert it.agent.sent[0][1] == "w" * 9_990
    assert it.notices == [english(Notice.FILES_UNREAD)]


async def test_what_was_said_before_stands_in_front_and_takes_what_room_is_left(stores: RedisStores) -> None:
    it = on(stores, a=b"x" * 8_000, b=b"x" * 9_000)
    for number, name in enumerate(("a", "b")):
        await it.answer(question("first?", number=2 * number))
        session = await stores.sessions.current(question().thread)
        assert session is not None
        await stores.sessions.begin_end(question().thread, session.conversation.id, EndReason.COMMAND)
        await it.answer(with_files("second?", Attachment(f"{name}.txt", 0, name), number=2 * number + 1))
        session = await stores.sessions.current(question().thread)
        assert session is not None
        await stores.sessions.begin_end(question().thread, session.conversation.id, EndReason.COMMAND)
    beside_short, beside_long = it.agent.sent[1][1], it.agent.sent[3][1]
    assert beside_short.index("> User: first?") < beside_short.index("second?") < beside_short.index("> xxx")
    assert beside_long.startswith(CARRIED_HEADER)
    assert max(len(beside_short), len(beside_long)) <= 10_000
    assert ["x" * 8_000 in beside_short, "x" * 9_000 in beside_long] == [True, True]


async def test_the_question_is_what_is_kept_of_the_exchange(stores: RedisStores) -> None:
    """M9: the content lives no longer than the turn."""
    it = on(stores, a=b"canary")
    await it.answer(with_files("what?", Attachment("a.txt", 6, "a")))
    (kept,) = await stores.exchanges.of_thread(question().thread)
    assert (kept.question, "canary" in kept.answer) == ("what?", False)
