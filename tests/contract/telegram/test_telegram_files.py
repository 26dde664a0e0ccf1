"""Files go out to Telegram: the real library over real sockets."""

import asyncio

import pytest

from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    LookupUnsupported,
    PageRejected,
    PlaceGone,
    PlaceMuted,
    PostUncertain,
)
from bridge.domain.files import ResultFile
from bridge.domain.threads import Address
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Roots

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
