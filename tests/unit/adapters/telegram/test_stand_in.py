"""The stand-in is as strict as Telegram: else the other tests prove nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.telegram.entities import slice_of
from sandbox.telegram.flood import FloodGate, Limits
from sandbox.telegram.server import TelegramStandIn
from sandbox.telegram.wire import Refused
from sandbox.telegram.world import Chat


class Client:
    """Calls the Bot API plainly."""

    def __init__(self, session: aiohttp.ClientSession, telegram: TelegramStandIn) -> None:
        self._session = session
        self._telegram = telegram

    async def call(self, method: str, *, token: str = "", **params: Any) -> tuple[int, Any]:
        url = f"{self._telegram.api_url}/bot{token or self._telegram.token}/{method}"
        async with self._session.post(url, json=params) as response:
            body = await response.json()
            assert body["ok"] is (response.status == 200)
            return response.status, body["result"] if body["ok"] else body

    async def refused(self, method: str, **params: Any) -> tuple[int, str]:
        status, body = await self.call(method, **params)
        assert status == body["error_code"]
        return status, body["description"]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn(["100:sandbox", "200:other"]) as standin:
        yield standin


@pytest.fixture
async def client(telegram: TelegramStandIn) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(session, telegram)


@pytest.fixture
def chat(telegram: TelegramStandIn) -> Chat:
    return telegram.private_chat(telegram.person("Ada"))


async def test_updates_stay_until_a_higher_offset_arrives(
    telegram: TelegramStandIn, client: Client, chat: Chat
) -> None:
    assert chat.person is not None
    for text in ("one", "two"):
        await telegram.say(chat.person, chat, text)
    _, updates = await client.call("getUpdates", timeout=5)
    assert [update["message"]["text"] for update in updates] == ["one", "two"]
    assert (await client.call("getUpdates", timeout=5))[1] == updates
    _, rest = await client.call("GETUPDATES", offset=updates[0]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["two"]
    assert telegram.pending() == [updates[1]["update_id"]]
    _, only = await client.call("getUpdates", limit=1)
    assert len(only) == 1


async def test_the_earlier_of_two_polls_gets_409(telegram: TelegramStandIn, client: Client, chat: Chat) -> None:
    earlier = asyncio.ensure_future(client.refused("getUpdates", timeout=10))
    later: asyncio.Future[tuple[int, Any]] | None = None
    while not earlier.done():
        later = later or asyncio.ensure_future(client.call("getUpdates", timeout=10))
        await asyncio.sleep(0.05)
    assert (await earlier)[0] == 409
    assert chat.person is not None
    assert later is not None
    await telegram.say(chat.person, chat, "hello")
    assert (await later)[0] == 200


async def test_a_webhook_makes_polls_fail(client: Client) -> None:
    await client.call("setWebhook", url="https://hook.example")
    assert (await client.refused("getUpdates"))[0] == 409
    await client.call("deleteWebhook")
    assert (await client.call("getUpdates"))[0] == 200


async def test_the_list_of_allowed_updates_filters_when_an_update_is_created(
    telegram: TelegramStandIn, client: Client, chat: Chat
) -> None:
    assert chat.person is not None
    await client.call("getUpdates", allowed_updates=["message"])
    message_id = await telegram.say(chat.person, chat, "hello")
    await telegram.edit(chat.person, message_id, "hello!")
    _, updates = await client.call("getUpdates")
    assert [sorted(update) for update in updates] == [["message", "update_id"]]


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": " \n "}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"chat_id": 12, "text": "x"}, "chat not found"),
        ({"text": "x", "reply_parameters": {"message_id": 1}}, "message to be replied not found"),
        ({"text": "abc", "entities": [{"type": "bold", "offset": 1, "length": 0}]}, "empty bold"),
        ({"text": "abc", "entities": [{"type": "bold", "offset": 1, "length": 3}]}, "after the end"),
        ({"text": "a😀", "entities": [{"type": "bold", "offset": 0, "length": 2}]}, "in a middle"),
        ({"text": "abc", "entities": [{"type": "text_link", "offset": 0, "length": 1, "url": "foo"}]}, "host is empty"),
        (
            {"text": "abc", "entities": [{"type": "text_link", "offset": 0, "length": 1, "url": "https://x_y"}]},
            "Wrong HTTP URL",
        ),
        (
            {
                "text": "abc",
                "entities": [
                    {"type": "bold", "offset": 0, "length": 2},
                    {"type": "italic", "offset": 1, "length": 2},
                ],
            },
            "cross",
        ),
        (
            {
                "text": "abc",
                "entities": [{"type": "bold", "offset": 0, "length": 3}, {"type": "code", "offset": 1, "length": 1}],
            },
            "code takes no other",
        ),
    ],
)
async def test_what_telegram_refuses_is_refused(
    params: dict[str, Any], description: str, client: Client, chat: Chat
) -> None:
    status, said = await client.refused("sendMessage", **{"chat_id": chat.id, **params})
    assert status == 400
    assert description in said


@pytest.mark.parametrize(
    ("mode", "text", "description"),
    [
        ("MarkdownV2", "Done.", "Character '.' is reserved"),
        ("MarkdownV2", "*half", "Can't find end of Bold entity at byte offset 0"),
        ("MarkdownV2", "é _*crossed_*", "Can't find end of Bold entity at byte offset 13"),
        ("MarkdownV2", "[a](http://x", "Can't find end of a URL"),
        ("MarkdownV2", "a > b", "Character '>' is reserved"),
        ("HTML", "<b>half", 'Can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "a < b", 'Unsupported start tag ""'),
        ("HTML", "<h1>x</h1>", 'Unsupported start tag "h1"'),
        ("HTML", "<b><i>x</b></i>", "Unmatched end tag"),
        ("HTML", "x</b>", "Unexpected end tag"),
        ("Wiki", "x", "unsupported parse_mode"),
    ],
)
async def test_broken_marks_are_refused(mode: str, text: str, description: str, client: Client, chat: Chat) -> None:
    status, said = await client.refused("sendMessage", chat_id=chat.id, text=text, parse_mode=mode)
    assert status == 400
    assert description in said


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("MarkdownV2", "*Yes*, `a.b` and [x](https://x.example) \\."),
        ("HTML", 'So: <b>Yes</b>, <code>a.b</code> and <a href="https://x.example">x</a> &lt;.'),
    ],
)
async def test_marks_become_entities(mode: str, text: str, client: Client, chat: Chat) -> None:
    _, message = await client.call("sendMessage", chat_id=chat.id, text=text, parse_mode=mode)
    kinds = [entity["type"] for entity in message["entities"]]
    words = [slice_of(message["text"], entity) for entity in message["entities"]]
    assert kinds == ["bold", "code", "text_link"]
    assert words == ["Yes", "a.b", "x"]


async def test_an_edited_message_says_when(client: Client, chat: Chat) -> None:
    _, message = await client.call("sendMessage", chat_id=chat.id, text="one")
    assert "edit_date" not in message
    _, edited = await client.call("editMessageText", chat_id=chat.id, message_id=message["message_id"], text="two")
    assert edited["edit_date"] >= edited["date"]


async def test_rich_messages_are_checked(telegram: TelegramStandIn, client: Client, chat: Chat) -> None:
    said = await client.refused("sendRichMessage", chat_id=chat.id, rich_message={"html": "x", "markdown": "x"})
    assert "exactly one" in said[1]
    assert (await client.refused("sendRichMessage", chat_id=chat.id))[0] == 400
    _, message = await client.call("sendRichMessage", chat_id=chat.id, rich_message={"markdown": "# Hi"})
    assert "text" not in message
    telegram.assumptions.has_rich_messages = False
    assert (await client.refused("sendRichMessage", chat_id=chat.id, rich_message={"markdown": "# Hi"}))[0] == 404


async def test_what_is_not_known_of_telegram_can_be_set_the_other_way(
    telegram: TelegramStandIn, client: Client, chat: Chat
) -> None:
    assert chat.person is not None
    telegram.limit(Limits(per_chat_s=100.0, chat_burst=1))
    await client.call("sendMessage", chat_id=chat.id, text="x")
    assert (await client.call("sendChatAction", chat_id=chat.id, action="typing"))[0] == 200
    telegram.assumptions.typing_counts = True
    assert (await client.refused("sendChatAction", chat_id=chat.id, action="typing"))[0] == 429
    assert (await client.refused("sendMessageDraft", chat_id=chat.id, draft_id=1, text="x"))[0] == 429
    telegram.assumptions.drafts_count = False
    assert (await client.call("sendMessageDraft", chat_id=chat.id, draft_id=1, text="x"))[0] == 200
    telegram.assumptions.counts_utf16 = True
    assert "too long" in (await client.refused("sendMessageDraft", chat_id=chat.id, draft_id=1, text="😀" * 2049))[1]


async def test_edits_are_checked(telegram: TelegramStandIn, client: Client, chat: Chat) -> None:
    assert chat.person is not None
    _, message = await client.call("sendMessage", chat_id=chat.id, text="hello")
    theirs = await telegram.say(chat.person, chat, "theirs")
    place = {"chat_id": chat.id, "message_id": message["message_id"]}
    assert "is not modified" in (await client.refused("editMessageText", **place, text=" hello "))[1]
    gone = await client.refused("editMessageText", chat_id=chat.id, message_id=999, text="x")
    assert "message to edit not found" in gone[1]
    other = await client.refused("editMessageText", chat_id=chat.id, message_id=theirs, text="x")
    assert "can't be edited" in other[1]
    await telegram.delete(message["message_id"])
    assert "not found" in (await client.refused("editMessageText", **place, text="x"))[1]
    assert telegram.ledger.shown(str(chat.id)) == []


async def test_topics_are_checked(telegram: TelegramStandIn, client: Client) -> None:
    forum, plain = telegram.group("Forum", forum=True), telegram.group("Plain")
    topic = telegram.topic(forum, "Plans")
    for wrong in (1, topic + 1):
        said = await client.refused("sendMessage", chat_id=forum.id, message_thread_id=wrong, text="x")
        assert "thread not found" in said[1]
    _, message = await client.call("sendMessage", chat_id=forum.id, message_thread_id=topic, text="x")
    assert (message["message_thread_id"], message["is_topic_message"]) == (topic, True)
    _, message = await client.call("sendMessage", chat_id=plain.id, message_thread_id=5, text="x")
    assert "message_thread_id" not in message


async def test_tokens_blocks_and_migrations_are_checked(telegram: TelegramStandIn, client: Client, chat: Chat) -> None:
    assert await client.refused("getMe", token="100:wrong") == (401, "Unauthorized")
    assert (await client.refused("noSuchMethod"))[0] == 404
    telegram.block(chat)
    assert (await client.refused("sendMessage", chat_id=chat.id, text="x"))[0] == 403
    ada, old = telegram.person("Ada"), telegram.group("Old", supergroup=False)
    new = await telegram.upgrade(old, ada)
    _, body = await client.call("sendMessage", chat_id=old.id, text="x")
    assert body["parameters"] == {"migrate_to_chat_id": new.id}


async def test_groups_reach_every_bot_and_private_chats_one(telegram: TelegramStandIn, chat: Chat) -> None:
    assert chat.person is not None
    await telegram.say(chat.person, chat, "to one")
    await telegram.say(chat.person, telegram.group("Team"), "to all")
    first, second = telegram.bots
    assert (len(telegram.pending(first)), len(telegram.pending(second))) == (2, 1)


async def test_pings_and_previews_are_noticed(telegram: TelegramStandIn, client: Client, chat: Chat) -> None:
    link = {"type": "text_link", "offset": 0, "length": 1, "url": "tg://user?id=5"}
    code = {"type": "code", "offset": 2, "length": 5}
    await client.call("sendMessage", chat_id=chat.id, text="x @code @name", entities=[link, code])
    assert sorted(telegram.pings) == ["@name", "tg://user?id=5"]
    assert len(telegram.previews) == 1
    await client.call("sendMessage", chat_id=chat.id, text="quiet", link_preview_options={"is_disabled": True})
    assert len(telegram.previews) == 1


class Clock:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_limits_refuse_and_tell_the_wait() -> None:
    clock = Clock()
    gate = FloodGate(clock)
    gate.limits = Limits(per_chat_s=1.0, chat_burst=1, per_group_minute=20, per_bot_s=30)
    gate.pass_through(1, 5, is_group=False)
    with pytest.raises(Refused) as refused:
        gate.pass_through(1, 5, is_group=False)
    assert refused.value.parameters == {"retry_after": 1}
    for _ in range(20):
        gate.pass_through(1, -5, is_group=True)
        clock.now += 1.0
    with pytest.raises(Refused) as refused:
        gate.pass_through(1, -5, is_group=True)
    assert refused.value.parameters == {"retry_after": 40}
    with pytest.raises(Refused):
        gate.pass_through(1, -5, is_group=True)
    assert (gate.refused[-5], gate.refused_while_closed[-5]) == (2, 1)
    clock.now += 41
    gate.pass_through(1, -5, is_group=True)


def test_a_group_has_both_limits_over_all_its_topics() -> None:
    clock = Clock()
    gate = FloodGate(clock)
    gate.limits = Limits(per_chat_s=1.0, chat_burst=3, per_group_minute=20)
    for _ in range(3):
        gate.pass_through(1, -5, is_group=True)
    with pytest.raises(Refused) as refused:
        gate.pass_through(1, -5, is_group=True)
    assert refused.value.parameters == {"retry_after": 3}
    clock.now += 3.1
    gate.pass_through(1, -5, is_group=True)


def test_a_bot_has_a_limit_over_all_chats() -> None:
    clock = Clock()
    gate = FloodGate(clock)
    gate.limits = Limits(per_chat_s=None, per_group_minute=None, per_bot_s=30)
    for chat in range(1, 31):
        gate.pass_through(1, chat, is_group=False)
    with pytest.raises(Refused):
        gate.pass_through(1, 99, is_group=False)
    clock.now += 1.1
    gate.pass_through(1, 98, is_group=False)
