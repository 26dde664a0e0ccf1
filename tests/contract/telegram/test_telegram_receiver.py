"""The receiving half of the Telegram channel: the real library over real sockets, against the stand-in."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from adapters.telegram import limits as telegram_limits
from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import ChannelTokenRefused
from bridge.domain.incoming import CommandName, Forbidden, Question, Remark, Stop, Wordless
from bridge.domain.pages import PageView
from bridge.domain.take_overs import MayTakeOver, TakeOverOptions
from bridge.domain.threads import Address, ThreadKey
from bridge.domain.turns import Outcome, Settlement
from config.telegram import TelegramSettings
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Intake, Roots, receiving, rooms_of, until_nothing_is_pending
from tests.wishes import kind_of


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_limits, "POLL_PAUSE_FIRST_S", 0.05)
    monkeypatch.setattr(telegram_limits, "CONFLICT_PAUSE_S", 0.2)


@pytest.fixture
def intake() -> Intake:
    return Intake()


async def test_a_private_message_becomes_a_question(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada", "ada_l")
    async with receiving(channel, intake) as sentences:
        message_id = await telegram.say(ada, telegram.private_chat(ada), "What is new? 😀")
        await intake.until_knocks(1)
    (question,) = intake.questions
    assert sentences == ["Telegram: connected as @sandbox_100_bot"]
    assert isinstance(question, Question)
    assert question.text == "What is new? 😀"
    assert question.thread == ThreadKey("telegram", "100", str(ada.id), "")
    assert (question.address.account, question.address.place) == ("100", str(ada.id))
    assert (question.address.thread, question.address.reply_to) == ("", "")
    assert (question.person.id, question.person.name) == (str(ada.id), "Ada")
    assert question.id in question.origin.dedupe_keys
    assert f"telegram:100:{ada.id}:{message_id}" in question.origin.dedupe_keys
    assert f"telegram:100:update:{telegram.last_update_id}" in question.origin.dedupe_keys
    assert question.origin.metadata == {
        "source": "telegram",
        "chat": str(ada.id),
        "chat_type": "private",
        "username": "ada_l",
    }
    assert question.origin.asked_at == pytest.approx(time.time(), abs=60)
    assert await channel.user_identifier(question) == f"telegram:{ada.id}"


async def test_updates_are_acknowledged_only_after_they_were_kept(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada")
    for text in ("one", "two"):
        await telegram.say(ada, telegram.private_chat(ada), text)
    intake.hold = asyncio.Event()
    async with receiving(channel, intake):
        await intake.until_knocks(1)
        assert len(telegram.pending()) == 2
        assert len(telegram.calls_of("getUpdates")) == 1
        intake.hold.set()
        await until_nothing_is_pending(telegram)
    assert intake.texts == ["one", "two"]


async def test_a_question_is_delivered_again_after_a_stop_before_its_acknowledgement(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    """D5: the process goes away while the question is being kept."""
    ada = telegram.person("Ada")
    await telegram.say(ada, telegram.private_chat(ada), "Are you there?")
    intake.hold = asyncio.Event()
    async with receiving(channel, intake):
        await intake.until_knocks(1)
    assert intake.texts == []
    assert len(telegram.pending()) == 1

    next_intake = Intake()
    async with _another(telegram, roots) as next_process, receiving(next_process, next_intake):
        await next_intake.until_knocks(1)
        await until_nothing_is_pending(telegram)
    assert next_intake.texts == ["Are you there?"]


async def test_a_restart_sees_the_same_ids_again(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    """D4: kept but not yet acknowledged: delivered once more under the ids that remove duplicates."""
    ada = telegram.person("Ada")
    await telegram.say(ada, telegram.private_chat(ada), "Once, please")
    telegram.faults.arm(Fault("getUpdates", after=1, times=-1, delay_s=60.0))
    async with receiving(channel, intake):
        await intake.until_knocks(1)
        assert len(telegram.pending()) == 1
    telegram.faults.clear()

    async with _another(telegram, roots) as next_process, receiving(next_process, intake):
        await intake.until_knocks(2)
    first, second = intake.questions
    assert first == second


async def test_a_redelivered_update_keeps_its_ids_and_moves_no_offset_back(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    """D4: the same update in the middle of later ones."""
    ada = telegram.person("Ada")
    async with receiving(channel, intake):
        await telegram.say(ada, telegram.private_chat(ada), "one")
        first_update = telegram.last_update_id
        await intake.until_knocks(1)
        await telegram.say(ada, telegram.private_chat(ada), "two")
        await intake.until_knocks(2)
        await until_nothing_is_pending(telegram)
        telegram.redeliver(first_update)
        await intake.until_knocks(3)
        await telegram.say(ada, telegram.private_chat(ada), "three")
        await intake.until_knocks(4)
    assert intake.texts == ["one", "two", "one", "three"]
    assert intake.questions[0].origin.dedupe_keys == intake.questions[2].origin.dedupe_keys


async def test_what_the_store_could_not_keep_is_fetched_again_in_order(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    """P1: the store goes away in the middle of a batch."""
    ada = telegram.person("Ada")
    for text in ("one", "two", "three"):
        await telegram.say(ada, telegram.private_chat(ada), text)
    intake.refuse_from_knock = 2
    async with receiving(channel, intake):
        await intake.until_knocks(4)
        assert intake.texts == ["one"]
        assert len(telegram.pending()) == 2
        intake.refuse_from_knock = None
        await until_nothing_is_pending(telegram)
    assert intake.texts == ["one", "two", "three"]


async def test_a_group_message_waits_while_the_roots_are_away(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    """P1: the thread of a group message cannot be found without the store."""
    ada, group = telegram.person("Ada"), telegram.group("Team")
    roots.is_away = True
    async with receiving(channel, intake):
        await telegram.say(ada, group, "hello", mention=True)
        await telegram.ledger.until(lambda: len(telegram.calls_of("getUpdates")) >= 3, timeout_s=15)
        assert intake.knocks == 0
        roots.is_away = False
        await intake.until_knocks(1)
    assert intake.texts == ["hello"]


async def test_updates_that_cannot_be_read_block_nobody(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    """D13: unknown types and missing fields are set aside, without their content in the log."""
    ada = telegram.person("Ada")
    await telegram.unknown_update()
    await telegram.poison()
    await telegram.poison(message_id="seven", chat={"id": ada.id, "type": "private"}, date=1)
    await telegram.poison(message_id=7, chat=[], date=1)
    await telegram.poison(message_id=7, date=1, chat={"id": 5, "type": "private"}, text=["poison"])
    await telegram.say(ada, telegram.private_chat(ada), "x" * 4096)
    async with receiving(channel, intake):
        await intake.until_knocks(1)
        await until_nothing_is_pending(telegram)
    assert intake.texts == ["x" * 4096]
    assert channel.dead_letter == 4
    skipped = [record.getMessage() for record in caplog.records if "skipped" in record.getMessage()]
    assert len(skipped) == 4
    assert not any("poison" in line for line in skipped)


async def test_an_update_of_five_megabytes_is_taken_in_stride(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    """D13: a payload far larger than any message."""
    ada = telegram.person("Ada")
    telegram.queues[telegram.bot.id].add({"hologram": {"bytes": "0" * 5_000_000}})
    await telegram.say(ada, telegram.private_chat(ada), "still here?")
    async with receiving(channel, intake):
        await intake.until_knocks(1)
    assert intake.texts == ["still here?"]


async def test_a_wrong_token_is_named_within_ten_seconds(telegram: TelegramStandIn, roots: Roots) -> None:
    channel = TelegramChannel(
        options=TelegramSettings(), token="100:secret-canary", api_url=telegram.api_url, rooms=rooms_of(roots)
    )
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKEN") as refused:
            await channel.open()
    assert "secret-canary" not in str(refused.value)
    assert refused.value.__suppress_context__
    await channel.aclose()


async def test_a_token_that_is_revoked_while_polling_ends_the_receiver(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    telegram.faults.arm(Fault("getUpdates", status=401, error="Unauthorized"))
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match="TELEGRAM_BOT_TOKEN"):
            await channel.receive(intake.accept, lambda _: None)


async def test_a_second_poller_makes_the_first_step_back_and_neither_dies(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    ada = telegram.person("Ada")
    async with receiving(channel, intake), _another(telegram, roots) as other, receiving(other, intake):
        await telegram.ledger.until(
            lambda: any(call.status == 409 for call in telegram.calls_of("getUpdates")), timeout_s=15
        )
        await telegram.say(ada, telegram.private_chat(ada), "hello")
        await intake.until_knocks(1)
    assert "hello" in intake.texts


async def test_a_webhook_that_is_set_is_removed_and_its_updates_are_kept(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    ada = telegram.person("Ada")
    queue = telegram.queues[telegram.bot.id]
    queue.webhook = "https://bot.example/hook"
    await telegram.say(ada, telegram.private_chat(ada), "from the hook's time")
    async with receiving(channel, intake):
        await intake.until_knocks(1)
    assert intake.texts == ["from the hook's time"]
    assert (queue.webhook_was_deleted, queue.pending_were_dropped) == (1, 0)
    assert "the webhook at bot.example is removed: updates are polled" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [
        Fault("getUpdates", status=502, error="Bad Gateway", times=2),
        Fault("getUpdates", refuse=True, times=2),
        Fault("getUpdates", status=429, error="Too Many Requests: retry after 1", retry_after_s=1),
        Fault("getUpdates", lose_answer=True),
        Fault("getMe", status=500, error="Internal Server Error", after=1),
        Fault("deleteWebhook", refuse=True),
        Fault("setMyCommands", status=400, error="Bad Request: BOT_COMMAND_INVALID"),
    ],
    ids=lambda fault: f"{fault.call}-{fault.status or 'cut'}",
)
async def test_the_poll_survives(
    fault: Fault, telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada")
    telegram.faults.arm(fault)
    await telegram.say(ada, telegram.private_chat(ada), "hello")
    async with receiving(channel, intake):
        await intake.until_knocks(1)
        await until_nothing_is_pending(telegram)
    assert intake.texts == ["hello"]


async def test_a_start_while_telegram_is_away_connects_later(
    telegram: TelegramStandIn, roots: Roots, intake: Intake
) -> None:
    telegram.faults.arm(Fault("getMe", refuse=True, times=3))
    async with _another(telegram, roots) as channel, receiving(channel, intake) as sentences:
        assert sentences == ["Telegram: connected as @sandbox_100_bot"]


@pytest.mark.parametrize(
    ("group_control", "members"),
    [
        ("anyone", ["stop", "retry", "new", "end", "status", "human", "agent", "help"]),
        ("admins", ["stop", "retry", "status", "human", "agent", "help"]),
    ],
)
@pytest.mark.parametrize("hidden", [frozenset[str](), TakeOverOptions(MayTakeOver.OFF).switched_off])
async def test_the_menu_of_commands_fits_the_kind_of_chat_in_each_language(
    telegram: TelegramStandIn,
    roots: Roots,
    intake: Intake,
    group_control: Literal["anyone", "admins"],
    members: list[str],
    hidden: frozenset[str],
) -> None:
    channel = TelegramChannel(
        token=telegram.token,
        api_url=telegram.api_url,
        rooms=rooms_of(roots),
        options=TelegramSettings(group_control=group_control),
        switched_off=hidden,
    )
    await channel.open()
    async with receiving(channel, intake):
        offered = {scope[1:]: [one["command"] for one in menu] for scope, menu in telegram.seen.commands.items()}
    await channel.aclose()
    commands = ["stop", "retry", "new", "end", "status", "human", "agent", "help"]
    everything = [name for name in commands if name not in hidden]
    for language in ("", "de", "en", "es", "fr", "pt"):
        assert offered["all_private_chats", language] == ["start", *everything]
        assert offered["all_group_chats", language] == [name for name in members if name not in hidden]
        assert offered["all_chat_administrators", language] == everything
    assert telegram.seen.commands[100, "all_private_chats", "de"][-1]["description"] == "So funktioniert es"


async def test_only_administrators_end_conversations_in_a_group_where_the_setting_says_so(
    telegram: TelegramStandIn, roots: Roots, intake: Intake
) -> None:
    channel = TelegramChannel(
        token=telegram.token,
        api_url=telegram.api_url,
        rooms=rooms_of(roots),
        options=TelegramSettings(group_control="admins"),
    )
    await channel.open()
    ada, bob, group = telegram.person("Ada"), telegram.person("Bob"), telegram.group("Team")
    group.admins.add(ada.id)
    async with receiving(channel, intake):
        await telegram.say(ada, group, "/new")
        await telegram.say(bob, group, f"/end@{telegram.bot.username}")
        await telegram.say(bob, group, "/stop")
        await telegram.say(bob, telegram.private_chat(bob), "/end")
        await intake.until_knocks(4)
        telegram.faults.arm(Fault("getChatMember", status=500, error="Internal Server Error"))
        await telegram.say(ada, group, "/new")
        await intake.until_knocks(5)
    await channel.aclose()
    in_group = [question for question in intake.questions if question.address.place == str(group.id)]
    assert [kind_of(question) for question in in_group] == [CommandName.NEW, Forbidden, Stop, Forbidden]
    assert [kind_of(question) for question in intake.questions if question not in in_group] == [CommandName.END]


async def test_what_is_not_a_persons_new_message_is_nothing(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    """A11: and channels, anonymous administrators, service messages, pictures without words in a group."""
    ada, group = telegram.person("Ada"), telegram.group("Team")
    chat = telegram.private_chat(ada)
    name = f"@{telegram.bot.username}"
    async with receiving(channel, intake):
        first = await telegram.say(ada, chat, "first")
        await telegram.edit(ada, first, "first, edited")
        await telegram.channel_post(f"{name} news")
        await telegram.auto_forward(group, f"{name} news")
        await telegram.say_as_anonymous_admin(group, f"{name} do this")
        await telegram.say_as_bot(group, f"{name} beep")
        await telegram.service_message(ada, group, new_chat_title=name)
        await telegram.send_photo(ada, group)
        await telegram.say(ada, group, "people among themselves")
        await telegram.say(ada, group, "@somebody_else hi")
        await telegram.say(ada, group, "/new@other_bot")
        await telegram.say(ada, group, "/weather")
        await telegram.upgrade(telegram.group("Old", supergroup=False), ada)
        await telegram.say(ada, chat, "last")
        await intake.until_knocks(3)
    assert intake.texts == ["first", "first, edited", "last"]


async def test_an_album_with_words_is_one_question(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada")
    chat = telegram.private_chat(ada)
    async with receiving(channel, intake):
        await telegram.send_media(ada, chat, "photo", caption="what are these?", media_group_id="1")
        await telegram.send_media(ada, chat, "photo", media_group_id="1")
        await telegram.send_media(ada, chat, "photo", media_group_id="2")
        await intake.until_knocks(2)
        await until_nothing_is_pending(telegram)
    assert [kind_of(question) for question in intake.questions] == [Question, Wordless]


async def test_a_group_is_answered_when_the_bot_is_meant(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada, group = telegram.person("Ada"), telegram.group("Team")
    posted = telegram.world.add_message(group, telegram.bot, "the bot's own")
    async with receiving(channel, intake):
        await telegram.say(ada, group, "by name", mention=True)
        await telegram.mention_by_id(ada, group, "by id")
        await telegram.say(ada, group, "by reply", reply_to=posted.id)
        await telegram.say(ada, group, "/help")
        await telegram.say(ada, group, f"/end@{telegram.bot.username.upper()}")
        await telegram.send_photo(ada, group, f"@{telegram.bot.username} what is this?")
        await intake.until_knocks(6)
    kinds = [kind_of(question) for question in intake.questions]
    assert intake.texts == ["by name", "by id", "by reply", "", "", "what is this?"]
    assert kinds[3:5] == [CommandName.HELP, CommandName.END]
    assert all(question.address.reply_to for question in intake.questions)


async def test_a_chain_of_replies_in_a_plain_group_is_one_thread(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    ada, bob, group = telegram.person("Ada"), telegram.person("Bob"), telegram.group("Team")
    async with receiving(channel, intake):
        root = await telegram.say(ada, group, "root", mention=True)
        await intake.until_knocks(1)
        answer = telegram.world.add_message(group, telegram.bot, "answer")
        await roots.remember("100", str(group.id), str(answer.id), str(root))
        second = await telegram.say(bob, group, "to the answer", reply_to=answer.id)
        await intake.until_knocks(2)
        await telegram.say(ada, group, "to the second", reply_to=second, mention=True)
        await telegram.say(ada, group, "another", mention=True)
        await intake.until_knocks(4)
    threads = [question.thread.thread for question in intake.questions]
    assert threads[:3] == [str(root)] * 3
    assert threads[3] != str(root)
    assert [question.address.thread for question in intake.questions] == [""] * 4


async def test_comments_on_a_channels_post_hang_together(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada, group = telegram.person("Ada"), telegram.group("Comments")
    async with receiving(channel, intake):
        post = await telegram.auto_forward(group, "News!")
        await telegram.say(ada, group, "what?", reply_to=post, mention=True)
        await telegram.say(ada, group, "and why?", reply_to=post, mention=True)
        await intake.until_knocks(2)
    assert {question.thread.thread for question in intake.questions} == {str(post)}


async def test_a_comment_on_a_comment_is_in_the_thread_of_the_post(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada, bob, group = telegram.person("Ada"), telegram.person("Bob"), telegram.group("Comments")
    async with receiving(channel, intake):
        post = await telegram.auto_forward(group, "News!")
        remark = await telegram.say(bob, group, "nice", reply_to=post)
        await telegram.say(ada, group, "and why?", reply_to=remark, mention=True)
        await intake.until_knocks(1)
    assert [question.thread.thread for question in intake.questions] == [str(post)]


async def test_who_hears_all_hears_people_who_do_not_name_it(
    telegram: TelegramStandIn, roots: Roots, intake: Intake
) -> None:
    channel = TelegramChannel(
        token=telegram.token,
        api_url=telegram.api_url,
        rooms=rooms_of(roots),
        options=TelegramSettings(group_trigger="all"),
    )
    await channel.open()
    ada, group = telegram.person("Ada"), telegram.group("Team")
    async with receiving(channel, intake):
        first = await telegram.say(ada, group, "people among themselves")
        await telegram.say(ada, group, "one answers", reply_to=first)
        post = await telegram.auto_forward(group, "News!")
        await telegram.say(ada, group, "a comment", reply_to=post)
        await intake.until_knocks(3)
    await channel.aclose()
    assert intake.texts == ["people among themselves", "one answers", "a comment"]
    assert [question.thread.thread for question in intake.questions] == ["", "", str(post)]


async def test_a_group_that_moves_is_told_to_the_store_however_it_is_heard_of(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    """S15: both chats tell it, and neither is acknowledged while the store is away."""
    ada, old = telegram.person("Ada"), telegram.group("Team", supergroup=False)
    roots.is_away = True
    async with receiving(channel, intake):
        new = await telegram.upgrade(old, ada)
        await telegram.ledger.until(lambda: len(telegram.calls_of("getUpdates")) >= 3, timeout_s=15)
        assert len(telegram.pending()) == 2
        roots.is_away = False
        await until_nothing_is_pending(telegram)
    assert roots.changes == [("moved", "telegram", "100", str(old.id), str(new.id))] * 2


async def test_the_next_question_after_a_move_takes_the_thread_over_once(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    """S15: a redelivery of that question comes to the same thread, and a later one begins its own."""
    ada, group = telegram.person("Ada"), telegram.group("Team")
    roots.heirs["100", str(group.id)] = "7"
    async with receiving(channel, intake):
        await telegram.say(ada, group, "go on", mention=True)
        await intake.until_knocks(1)
        first_update = telegram.last_update_id
        later = await telegram.say(ada, group, "another matter", mention=True)
        await intake.until_knocks(2)
        await until_nothing_is_pending(telegram)
        telegram.redeliver(first_update)
        await intake.until_knocks(3)
    assert [question.thread.thread for question in intake.questions] == ["7", str(later), "7"]
    assert roots.heirs == {}


async def test_a_question_has_a_receipt_until_its_answer_stands_there(
    telegram: TelegramStandIn, roots: Roots, intake: Intake
) -> None:
    channel = TelegramChannel(
        token=telegram.token, api_url=telegram.api_url, rooms=rooms_of(roots), options=TelegramSettings(receipt=True)
    )
    await channel.open()
    ada = telegram.person("Ada")
    chat = telegram.private_chat(ada)
    telegram.faults.arm(Fault("setMessageReaction", status=400, error="Bad Request: REACTIONS_FORBIDDEN"))
    async with receiving(channel, intake):
        await telegram.say(ada, chat, "here no one may react")
        await telegram.say(ada, chat, "/help")
        asked = await telegram.say(ada, chat, "what?")
        await telegram.ledger.until(lambda: bool(telegram.seen.reactions), timeout_s=15)
    question = intake.questions[-1]
    await channel.post(Address("100", str(ada.id)), PageView(text="all", turn_id=question.id, final=True))
    assert telegram.seen.reactions == [(chat.id, asked, [{"type": "emoji", "emoji": "👀"}])]
    assert isinstance(question, Question)
    await channel.settled(question, Settlement(Outcome.ANSWERED, 60.0))
    await channel.aclose()
    assert telegram.seen.reactions[1:] == [(chat.id, asked, [])]


async def test_a_chat_without_the_bot_is_left(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, roots: Roots
) -> None:
    """S14: blocked by a person, removed from a group."""
    ada, group = telegram.person("Ada"), telegram.group("Team")
    chat = telegram.private_chat(ada)
    async with receiving(channel, intake):
        # Before the first poll the bot has not asked for this kind of update.
        await telegram.ledger.until(lambda: bool(telegram.calls_of("setMyCommands")), timeout_s=15)
        telegram.block(chat)
        telegram.block(group)
        await until_nothing_is_pending(telegram)
    assert roots.changes == [("left", "telegram", "100", str(ada.id)), ("left", "telegram", "100", str(group.id))]


async def test_each_topic_of_a_forum_is_a_thread_and_general_is_one(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada, forum = telegram.person("Ada"), telegram.group("Forum", forum=True)
    topic = telegram.topic(forum, "Plans")
    async with receiving(channel, intake):
        await telegram.say(ada, forum, "in the topic", topic=topic, mention=True)
        await telegram.say(ada, forum, "in general", mention=True)
        await telegram.say(ada, forum, "to no one", topic=topic)
        await telegram.say(ada, forum, "last", mention=True)
        await intake.until_knocks(4)
    in_topic, in_general, remark, _ = intake.questions
    assert intake.texts == ["in the topic", "in general", "", "last"]
    assert isinstance(remark, Remark)
    assert remark.text == "to no one"
    assert (in_topic.thread.thread, in_topic.address.thread) == (str(topic), str(topic))
    assert (in_general.thread.thread, in_general.address.thread) == ("general", "")


async def test_topics_of_a_private_chat_are_threads(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada")
    chat = telegram.private_chat(ada, topics=True)
    topic = telegram.topic(chat, "Plans", creator=ada)
    async with receiving(channel, intake):
        await telegram.say(ada, chat, "in the topic", topic=topic)
        await telegram.say(ada, chat, "outside")
        await intake.until_knocks(2)
    assert [question.thread.thread for question in intake.questions] == [str(topic), ""]
    assert [question.address.thread for question in intake.questions] == [str(topic), ""]


async def test_cancelling_the_receiver_returns_at_once_and_posting_still_works(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada")
    telegram.private_chat(ada)
    began = time.monotonic()
    async with receiving(channel, intake):
        pass
    assert time.monotonic() - began < 5
    message_id = await channel.post(Address("100", str(ada.id)), PageView(text="still here"))
    assert telegram.ledger.shown(str(ada.id))[0].message_id == message_id


@asynccontextmanager
async def _another(telegram: TelegramStandIn, roots: Roots) -> AsyncIterator[TelegramChannel]:
    """Open a second process's channel, so to speak."""
    channel = TelegramChannel(
        options=TelegramSettings(), token=telegram.token, api_url=telegram.api_url, rooms=rooms_of(roots)
    )
    await channel.open()
    try:
        yield channel
    finally:
        await channel.aclose()
