"""The speaking half of the Telegram channel: the real library over real sockets, against the stand-in."""

import asyncio
import logging
import time

import pytest

from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelUnavailable,
    MessageGone,
    PageRejected,
    PlaceGone,
    PlaceMuted,
    PostUncertain,
)
from bridge.domain.limits.rate_limits import Budget
from bridge.domain.pages import PageView
from bridge.domain.threads import Address, Person
from config.telegram import TelegramSettings
from sandbox.faults import Fault, Gate
from sandbox.telegram.flood import Limits
from sandbox.telegram.server import TelegramStandIn
from sandbox.telegram.world import Chat
from tests import fakes
from tests.contract.telegram_steps import Roots, rooms_of

HELLO = PageView(text="Hello **there**")


@pytest.fixture
def chat(telegram: TelegramStandIn) -> Chat:
    return telegram.private_chat(telegram.person("Ada"))


def address(chat: Chat, *, thread: int | None = None, reply_to: int | None = None) -> Address:
    return Address("100", str(chat.id), str(thread or ""), str(reply_to or ""))


async def test_a_page_is_posted_and_edited_with_entities_and_without_previews(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """A7: previews are off on posts and on edits."""
    message_id = await channel.post(address(chat), PageView(text="See **https://site.example/secret**"))
    await channel.edit(address(chat), message_id, PageView(text="See `https://site.example/secret`", notice="Done."))
    (shown,) = telegram.ledger.shown(str(chat.id))
    assert (shown.message_id, shown.text) == (message_id, "See https://site.example/secret\n\nDone.")
    assert telegram.previews == []
    assert telegram.seen.parse_modes == []
    sent = telegram.world.messages[int(message_id)]
    assert [entity["type"] for entity in sent.entities] == ["code", "italic"]


@pytest.mark.parametrize(
    "text",
    [
        "@someone and @all",
        "[you](tg://user?id=5001)",
        "<@U123> <!channel> <!subteam^S1>",
        "**@**someone `@code` @_someone_",
        "https://site.example/@someone",
    ],
)
async def test_nobody_is_called_by_a_post_or_an_edit(
    text: str, telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """A5: at every prefix of the text."""
    message_id = await channel.post(address(chat), PageView(text="first"))
    for end in range(1, len(text) + 1):
        await channel.edit(address(chat), message_id, PageView(text=f"{text[:end]} {end}"))
    assert telegram.pings == []


async def test_the_address_behind_a_deceptive_label_is_shown(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """A6: a label that looks like another address, and schemes that are no links."""
    text = "[bank.example](https://evil.example/x) [run](javascript:alert) [docs](https://docs.example)"
    message_id = await channel.post(address(chat), PageView(text=text))
    sent = telegram.world.messages[int(message_id)]
    assert sent.text == "bank.example (https://evil.example/x) run (javascript:alert) docs"
    assert [entity["url"] for entity in sent.entities] == ["https://evil.example/x", "https://docs.example"]


async def test_only_the_first_page_notifies(telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat) -> None:
    first = await channel.post(address(chat), PageView(text="one", number=1))
    second = await channel.post(address(chat), PageView(text="two", number=2))
    assert [telegram.world.messages[int(m)].silent for m in (first, second)] == [False, True]


async def test_a_reply_in_a_group_quotes_and_is_remembered_under_its_root(
    telegram: TelegramStandIn, channel: TelegramChannel, roots: Roots
) -> None:
    group, ada = telegram.group("Team"), telegram.person("Ada")
    asked = await telegram.say(ada, group, "what?", mention=True)
    roots.known["100", str(group.id), str(asked)] = "77"
    message_id = await channel.post(address(group, reply_to=asked), HELLO)
    assert telegram.world.messages[int(message_id)].reply_to == asked
    await telegram.ledger.until(lambda: roots.known.get(("100", str(group.id), message_id)) == "77")


async def test_a_post_returns_its_id_though_the_store_hangs_and_its_root_is_remembered_later(
    telegram: TelegramStandIn, channel: TelegramChannel, roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: a page whose id is not known is posted again by the next worker."""
    monkeypatch.setattr("adapters.telegram.outbound.reply_chains._PAUSE_S", 0.05)
    group, ada = telegram.group("Team"), telegram.person("Ada")
    asked = await telegram.say(ada, group, "what?", mention=True)
    roots.hangs, roots.is_away = asyncio.Event(), True
    async with asyncio.timeout(5):
        message_id = await channel.post(address(group, reply_to=asked), HELLO)
    assert [shown.message_id for shown in telegram.ledger.shown(str(group.id))] == [message_id]
    roots.hangs.set()
    roots.is_away = False
    await telegram.ledger.until(lambda: roots.known.get(("100", str(group.id), message_id)) == str(asked))


async def test_what_is_posted_last_is_remembered_before_the_channel_closes(
    telegram: TelegramStandIn, channel: TelegramChannel, roots: Roots
) -> None:
    group, ada = telegram.group("Team"), telegram.person("Ada")
    asked = await telegram.say(ada, group, "what?", mention=True)
    message_id = await channel.post(address(group, reply_to=asked), HELLO)
    await channel.aclose()
    assert roots.known["100", str(group.id), message_id] == str(asked)


async def test_a_post_returns_its_id_though_reactions_hang(telegram: TelegramStandIn, roots: Roots) -> None:
    """R5: between a post and the record of its id there is no call."""
    channel = TelegramChannel(
        options=TelegramSettings(receipt=True), token=telegram.token, api_url=telegram.api_url, rooms=rooms_of(roots)
    )
    await channel.open()
    telegram.faults.arm(Fault("setMessageReaction", hold=Gate(), times=-1))
    person = telegram.person("Ada")
    chat = telegram.private_chat(person)
    asked = await telegram.say(person, chat, "what?")
    view = PageView(text="All.", final=True, turn_id=f"telegram:100:{chat.id}:{asked}")
    async with asyncio.timeout(5):
        assert await channel.post(address(chat), view)
    assert telegram.calls_of("setMessageReaction") == []
    await channel.aclose()


async def test_a_question_that_was_deleted_is_still_answered(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    group, ada = telegram.group("Team"), telegram.person("Ada")
    asked = await telegram.say(ada, group, "what?", mention=True)
    await telegram.delete(asked)
    message_id = await channel.post(address(group, reply_to=asked), HELLO)
    assert telegram.world.messages[int(message_id)].reply_to is None


async def test_topics_are_named_and_general_is_not(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    forum = telegram.group("Forum", forum=True)
    topic = telegram.topic(forum, "Plans")
    in_topic = await channel.post(address(forum, thread=topic), HELLO)
    in_general = await channel.post(address(forum), HELLO)
    await channel.show_activity(address(forum, thread=topic))
    assert [telegram.world.messages[int(m)].topic for m in (in_topic, in_general)] == [topic, None]
    assert telegram.seen.actions == [(forum.id, topic, "typing")]


async def test_an_edit_that_changes_nothing_is_done(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """S13: "message is not modified"."""
    message_id = await channel.post(address(chat), HELLO)
    await channel.edit(address(chat), message_id, PageView(text="Hello **there**  \n"))
    assert len(telegram.ledger.versions(message_id)) == 1


@pytest.mark.parametrize("text", ["", "   ", "\u2060", "```py\n```"])
async def test_a_page_without_a_visible_word_is_still_a_message(
    text: str, telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """S13: Telegram refuses empty texts."""
    message_id = await channel.post(address(chat), PageView(text=text))
    await channel.edit(address(chat), message_id, PageView(text=text, notice="The assistant had nothing to say."))
    (shown,) = telegram.ledger.shown(str(chat.id))
    assert shown.text == "The assistant had nothing to say."


async def test_a_lost_answer_to_a_post_is_uncertain_and_never_repeated(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """S16: the message is there, once."""
    telegram.faults.arm(Fault("sendMessage", lose_answer=True))
    with pytest.raises(PostUncertain):
        await channel.post(address(chat), HELLO)
    assert len(telegram.calls_of("sendMessage")) == 1
    assert len(telegram.ledger.shown(str(chat.id))) == 1


async def test_a_lost_answer_to_an_edit_may_be_repeated(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """S16: the second edit is "not modified", which is done."""
    message_id = await channel.post(address(chat), HELLO)
    telegram.faults.arm(Fault("editMessageText", lose_answer=True))
    with pytest.raises(ChannelUnavailable):
        await channel.edit(address(chat), message_id, PageView(text="more"))
    await channel.edit(address(chat), message_id, PageView(text="more"))
    assert [frame.text for frame in telegram.ledger.versions(message_id)] == ["Hello there", "more"]


async def test_a_refused_connection_surely_had_no_effect(channel: TelegramChannel, telegram: TelegramStandIn) -> None:
    ada = telegram.private_chat(telegram.person("Ada"))
    await telegram.stop()
    with pytest.raises(ChannelUnavailable):
        await channel.post(address(ada), HELLO)
    with pytest.raises(ChannelUnavailable):
        await channel.edit(address(ada), "1", HELLO)
    await channel.show_activity(address(ada))


@pytest.mark.parametrize(
    ("call", "fault", "error"),
    [
        ("post", Fault("sendMessage", status=500, error="Internal Server Error"), PostUncertain),
        ("post", Fault("sendMessage", status=502, error="Bad Gateway"), PostUncertain),
        ("post", Fault("sendMessage", status=403, error="Forbidden: bot was blocked by the user"), PlaceGone),
        ("post", Fault("sendMessage", status=400, error="Bad Request: chat not found"), PlaceGone),
        ("post", Fault("sendMessage", status=400, error="Bad Request: message thread not found"), PlaceGone),
        ("post", Fault("sendMessage", status=400, error="Bad Request: TOPIC_CLOSED"), PlaceMuted),
        ("post", Fault("sendMessage", status=400, error="Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"), PlaceMuted),
        ("post", Fault("sendMessage", status=400, error="Bad Request: not enough rights to send text"), PlaceMuted),
        ("post", Fault("sendMessage", status=400, error="Bad Request: message is too long"), PageRejected),
        ("post", Fault("sendMessage", status=400, error="Bad Request: can't parse entities: x"), PageRejected),
        ("edit", Fault("editMessageText", status=502, error="Bad Gateway"), ChannelUnavailable),
        ("edit", Fault("editMessageText", status=403, error="Forbidden: bot was kicked"), PlaceGone),
        ("edit", Fault("editMessageText", status=400, error="Bad Request: message to edit not found"), MessageGone),
        ("edit", Fault("editMessageText", status=400, error="Bad Request: message can't be edited"), MessageGone),
        ("edit", Fault("editMessageText", status=400, error="Bad Request: MESSAGE_TOO_LONG"), PageRejected),
    ],
    ids=lambda part: f"{part.status}-{part.error.split(': ')[-1]}" if isinstance(part, Fault) else None,
)
async def test_each_refusal_has_its_meaning(
    call: str,
    fault: Fault,
    error: type[BridgeError],
    telegram: TelegramStandIn,
    channel: TelegramChannel,
    chat: Chat,
) -> None:
    message_id = await channel.post(address(chat), HELLO)
    telegram.faults.arm(fault)
    with pytest.raises(error):
        await (channel.post(address(chat), HELLO) if call == "post" else channel.edit(address(chat), message_id, HELLO))


async def test_a_429_tells_the_wait_and_the_chat(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    message_id = await channel.post(address(chat), HELLO)
    telegram.flood(chat, 40)
    with pytest.raises(ChannelRateLimited) as limited:
        await channel.edit(address(chat), message_id, PageView(text="more"))
    assert limited.value.retry_after_s == 40
    assert limited.value.scope == channel.pace(address(chat)).edits[0].scope


async def test_one_limited_chat_does_not_hold_up_another(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """S9: each 429 speaks of one chat."""
    other = telegram.private_chat(telegram.person("Bob"))
    telegram.flood(chat, 60)
    with pytest.raises(ChannelRateLimited):
        await channel.post(address(chat), HELLO)
    began = time.monotonic()
    await channel.post(address(other), HELLO)
    assert time.monotonic() - began < 5
    assert channel.pace(address(chat)).posts[0].scope != channel.pace(address(other)).posts[0].scope


async def test_two_hundred_chats_are_edited_at_once(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    """S9: no call waits for another one's connection."""
    chats = [telegram.private_chat(telegram.person(f"P{number}")) for number in range(200)]
    telegram.faults.arm(Fault("sendMessage", times=200, delay_s=0.5))
    began = time.monotonic()
    await asyncio.gather(*(channel.post(address(one), HELLO) for one in chats))
    assert time.monotonic() - began < 15
    assert sum(len(telegram.ledger.shown(str(one.id))) for one in chats) == 200


async def test_a_group_that_became_a_supergroup_takes_its_threads_along_before_anything_is_posted(
    telegram: TelegramStandIn, channel: TelegramChannel, roots: Roots
) -> None:
    """S15: the worker that takes the thread at its new place shows the reply there; nothing is shown twice."""
    ada, old = telegram.person("Ada"), telegram.group("Team", supergroup=False)
    asked = await telegram.say(ada, old, "what?", mention=True)
    before = await channel.post(address(old, reply_to=asked), HELLO)
    new = await telegram.upgrade(old, ada)
    with pytest.raises(ChannelUnavailable):
        await channel.edit(address(old), before, PageView(text="more"))
    with pytest.raises(ChannelUnavailable):
        await channel.post(address(old, reply_to=asked), PageView(text="more"))
    assert set(roots.changes) == {("moved", "telegram", "100", str(old.id), str(new.id))}
    roots.is_away = True
    with pytest.raises(ChannelUnavailable):
        await channel.post(address(old, reply_to=asked), PageView(text="more"))
    await channel.show_activity(address(old))
    assert telegram.ledger.shown(str(new.id)) == []
    assert await channel.post(address(new), PageView(text="more"))


async def test_the_token_stands_in_no_log_line(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """A3: the token is part of every URL, and no log line holds it."""
    with caplog.at_level(logging.DEBUG):
        await channel.post(address(chat), HELLO)
        telegram.faults.arm(Fault("sendMessage", refuse=True))
        with pytest.raises(PostUncertain) as lost:
            await channel.post(address(chat), HELLO)
    assert not any("sandbox" in record.getMessage() for record in caplog.records if record.name.startswith("http"))
    assert telegram.token not in caplog.text
    assert telegram.token not in str(lost.value)


async def test_calls_are_spaced_by_chat_and_by_bot(channel: TelegramChannel) -> None:
    private, group = channel.pace(Address("100", "5")), channel.pace(Address("100", "-5", "9"))
    assert private.edit_floor_s == 1.1
    bot = Budget("telegram:100", 22, 1.0, keeps_room=False)
    chat = Budget("telegram:100:5", 3, 3.8, keeps_room=False)
    assert private.posts == private.edits == private.activity == (chat, bot)
    assert group.edit_floor_s == 3.1
    minute, chat = Budget("telegram:100:-5:minute", 20, 60.0), Budget("telegram:100:-5", 3, 3.8, keeps_room=False)
    assert group.finals == (minute, chat, bot)
    spread = Budget("telegram:100:-5:spread", 1, 3.8 / 3, keeps_room=False)
    assert group.posts == group.edits == group.activity == (minute, chat, bot, spread)


async def test_the_floors_keep_within_telegrams_limits(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    """S8: calls spaced as the pace asks are never refused."""
    telegram.limit(Limits(per_chat_s=1.0, chat_burst=1))
    message_id = await channel.post(address(chat), HELLO)
    await asyncio.sleep(channel.pace(address(chat)).edit_floor_s)
    await channel.edit(address(chat), message_id, PageView(text="more"))
    assert telegram.flood_gate.refused == {}


async def test_a_closed_channel_raises_errors_of_the_bridge(
    telegram: TelegramStandIn, roots: Roots, chat: Chat
) -> None:
    channel = TelegramChannel(
        options=TelegramSettings(), token=telegram.token, api_url=telegram.api_url, rooms=rooms_of(roots)
    )
    await channel.open()
    await channel.aclose()
    await channel.aclose()
    with pytest.raises(ChannelUnavailable):
        await channel.edit(address(chat), "1", HELLO)
    await channel.show_activity(address(chat))


async def test_the_operators_list_names_people(telegram: TelegramStandIn, roots: Roots) -> None:
    known = TelegramChannel(
        token=telegram.token, rooms=rooms_of(roots), options=TelegramSettings(identities={"5": "ada@example.com"})
    )
    assert await known.user_identifier(fakes.question(person=Person("5"))) == "ada@example.com"
    assert await known.user_identifier(fakes.question(person=Person("6"))) == "telegram:6"


async def test_only_the_first_page_of_an_answer_notifies_and_all_quote_the_question_in_a_group(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    ada, group = telegram.person("Ada"), telegram.group("Team")
    asked = await telegram.say(ada, group, "what?", mention=True)
    pages = [await channel.post(address(group, reply_to=asked), PageView(text="x", number=n)) for n in (1, 2, 3)]
    messages = [telegram.world.messages[int(page)] for page in pages]
    assert [message.silent for message in messages] == [False, True, True]
    assert [message.reply_to for message in messages] == [asked] * 3
