"""Files go out to Telegram: the real library over real sockets."""

import asyncio

import pytest

from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    FileUnreadable,
    LookupUnsupported,
    PageRejected,
    PlaceGone,
    PlaceMuted,
    PostUncertain,
)
from bridge.domain.files import Attachment, ResultFile
from bridge.domain.incoming import Question
from bridge.domain.threads import Address
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Intake, Roots, receiving

FILE = ResultFile("code-1.py", "print('Grüße 😀')\n")


async def test_a_file_is_a_document_in_the_topic_that_notifies_nobody(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    person = telegram.person("Ada")
    forum = telegram.group("Team", forum=True)
    topic = telegram.topic(forum, "Plans")
    asked = await telegram.say(person, forum, "hello", topic=topic, mention=True)
    address = Address("100", str(forum.id), str(topic), str(asked))
    assert await channel.files.upload(address, FILE) == ""
    await channel.files.share(address, FILE, "")
    (sent,) = telegram.world.documents.sent
    assert (sent.name, sent.content) == (FILE.name, FILE.content)
    message = telegram.world.messages[max(telegram.world.messages)]
    assert (message.topic, message.reply_to, message.silent) == (topic, asked, True)


async def test_an_answer_to_a_file_in_a_group_stays_in_its_thread(
    telegram: TelegramStandIn, channel: TelegramChannel, roots: Roots
) -> None:
    group = telegram.group("Group")
    asked = await telegram.say(telegram.person("Ada"), group, "hello", mention=True)
    address = Address("100", str(group.id), "", str(asked))
    await channel.files.share(address, FILE, "")
    shown = max(telegram.world.messages)
    async with asyncio.timeout(10.0):
        while await roots.root_of("100", str(group.id), str(shown)) != str(asked):  # noqa: ASYNC110 - it is noted later
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("sendDocument", status=413, error="Request Entity Too Large"), BridgeError),
        (Fault("sendDocument", status=400, error="Bad Request: not enough rights to send documents"), PlaceMuted),
        (Fault("sendDocument", status=400, error="Bad Request: wrong file"), PageRejected),
        (Fault("sendDocument", status=403, error="Forbidden: bot was blocked by the user"), PlaceGone),
        (Fault("sendDocument", status=401, error="Unauthorized"), ChannelTokenRefused),
        (Fault("sendDocument", status=429, error="Too Many Requests", retry_after_s=7), ChannelRateLimited),
        (Fault("sendDocument", lose_answer=True), PostUncertain),
        (Fault("sendDocument", refuse=True), PostUncertain),
    ],
)
async def test_a_refusal_says_what_to_do(
    telegram: TelegramStandIn, channel: TelegramChannel, fault: Fault, error: type[BridgeError]
) -> None:
    chat = telegram.private_chat(telegram.person("Ada"))
    telegram.faults.arm(fault)
    with pytest.raises(error):
        await channel.files.share(Address("100", str(chat.id)), FILE, "")


async def test_a_telegram_that_cannot_be_reached_has_no_file(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    chat = telegram.private_chat(telegram.person("Ada"))
    await telegram.stop()
    with pytest.raises(ChannelUnavailable):
        await channel.files.share(Address("100", str(chat.id)), FILE, "")


async def test_no_file_can_be_looked_for(channel: TelegramChannel) -> None:
    with pytest.raises(LookupUnsupported):
        await channel.files.is_shared(Address("100", "1"), "q", "")


# ------------------------------------------------------------ files come in


async def asked_with(telegram: TelegramStandIn, channel: TelegramChannel, name: str, content: bytes) -> Question:
    """Let a person send a file with a question; return that as it is understood."""
    person, intake = telegram.person("Ada"), Intake()
    async with receiving(channel, intake):
        await telegram.send_document(person, telegram.private_chat(person), name, content, "what is this?")
        await intake.until_knocks(1)
    (question,) = intake.questions
    assert isinstance(question, Question)
    return question


async def test_the_beginning_of_a_document_is_read(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    """M9: no more of it than is wanted."""
    question = await asked_with(telegram, channel, "notes.txt", b"0123456789" * 100_000)
    (file,) = question.files
    assert (file.name, file.size, question.text) == ("notes.txt", 1_000_000, "what is this?")
    assert await channel.files.read(question, file, 25) == b"0123456789012345678901234"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("getFile", status=400, error="Bad Request: file is too big"), FileUnreadable),
        (Fault("getFile", status=429, error="Too Many Requests", retry_after_s=7), ChannelRateLimited),
        (Fault("getFile", refuse=True), ChannelUnavailable),
        (Fault("download", status=404), FileUnreadable),
        (Fault("download", status=302, error="http://127.0.0.1:9/"), FileUnreadable),
        (Fault("download", refuse=True, times=2), ChannelUnavailable),
    ],
)
async def test_a_document_that_cannot_be_had_says_so(
    telegram: TelegramStandIn, channel: TelegramChannel, fault: Fault, error: type[BridgeError]
) -> None:
    question = await asked_with(telegram, channel, "notes.txt", b"x")
    telegram.faults.arm(fault)
    with pytest.raises(error) as raised:
        await channel.files.read(question, question.files[0], 100)
    assert telegram.token not in str(raised.value)


async def test_a_path_on_a_disk_is_not_read(
    telegram: TelegramStandIn, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M9: a Bot API server in local mode names files of its own machine."""
    question = await asked_with(telegram, channel, "notes.txt", b"x")
    described = telegram.world.documents.described
    monkeypatch.setattr(
        telegram.world.documents, "described", lambda file_id: described(file_id) | {"file_path": "/etc/hostname"}
    )
    with pytest.raises(FileUnreadable):
        await channel.files.read(question, question.files[0], 100)
    with pytest.raises(FileUnreadable):
        await channel.files.read(question, Attachment("notes.txt", 1, "unknown"), 100)
