"""Everything that comes to Telegram's webhook, with the secret and without it, in hostile variants."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.inbound.webhook import Hook
from adapters.web.server import WebServer
from config.telegram import TelegramSettings
from sandbox.telegram.server import TelegramStandIn
from tests.contract.fuzz import headers, raw_bodies, variants
from tests.contract.telegram_steps import Intake, Roots, receiving, rooms_of

HEADER = "X-Telegram-Bot-Api-Secret-Token"
_ADA = {"id": 512000001, "is_bot": False, "first_name": "Ada", "username": "ada_l"}
_CHAT = {"id": 512000001, "type": "private", "first_name": "Ada"}
_GROUP = {"id": -1002000000001, "title": "Team", "type": "supergroup", "is_forum": True}
_MESSAGE: dict[str, Any] = {
    "message_id": 10,
    "from": _ADA,
    "chat": _CHAT,
    "date": 1732300000,
    "text": "/start@sandbox_100_bot payload",
    "entities": [{"type": "bot_command", "offset": 0, "length": 6}, {"type": "mention", "offset": 6, "length": 9}],
}
_UPDATES = [
    {"update_id": 1, "message": _MESSAGE},
    {"update_id": 2, "message": {**_MESSAGE, "chat": _GROUP, "message_thread_id": 7, "is_topic_message": True}},
    {"update_id": 3, "edited_message": {**_MESSAGE, "reply_to_message": {**_MESSAGE, "message_id": 9}}},
    {
        "update_id": 4,
        "callback_query": {"id": "1", "from": _ADA, "message": _MESSAGE, "chat_instance": "1", "data": "stop:0123"},
    },
    {
        "update_id": 5,
        "my_chat_member": {
            "chat": _GROUP,
            "from": _ADA,
            "date": 1,
            "old_chat_member": {"user": {"id": 100, "is_bot": True, "first_name": "b"}, "status": "member"},
            "new_chat_member": {"user": {"id": 100, "is_bot": True, "first_name": "b"}, "status": "left"},
        },
    },
    {"update_id": 6, "message": {**_MESSAGE, "text": None, "voice": {"file_id": "x"}, "caption": "words"}},
    {"update_id": 7, "stopped_message_generation": {"chat": _CHAT, "message_id": 10, "from": _ADA}},
]


@pytest.fixture
async def hooked(telegram: TelegramStandIn, roots: Roots) -> AsyncIterator[TelegramChannel]:
    async with WebServer(port=0, host="127.0.0.1", channels=["telegram"]) as server:
        channel = TelegramChannel(
            options=TelegramSettings(),
            token=telegram.token,
            api_url=telegram.api_url,
            rooms=rooms_of(roots),
            hook=Hook(f"http://127.0.0.1:{server.port}", server, "s" * 64),
        )
        await channel.open()
        yield channel
        await channel.aclose()


@pytest.mark.timeout(240)
async def test_no_update_brings_a_500_a_traceback_or_growth(
    telegram: TelegramStandIn, hooked: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    """A1: the webhook with the right secret, and hostile updates."""
    caplog.set_level(logging.WARNING)
    intake, statuses = Intake(), []
    sent = [json.dumps(one).encode("utf-8", "surrogatepass") for one in variants(_UPDATES, 1, 700)]
    async with receiving(hooked, intake), httpx.AsyncClient(timeout=30) as client:
        await telegram.ledger.until(lambda: bool(telegram.queues[100].webhook), timeout_s=15)
        before = 0
        for number, body in enumerate([*sent, *raw_bodies()]):
            answered = await client.post(telegram.queues[100].webhook, content=body, headers={HEADER: "s" * 64})
            statuses.append(answered.status_code)
            before = len(asyncio.all_tasks()) if number == len(sent) // 2 else before
        assert len(asyncio.all_tasks()) <= before + 10
    assert set(statuses) <= {200, 400}
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_no_request_without_the_secret_is_read_or_logged_one_by_one(
    telegram: TelegramStandIn, hooked: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    """A1: hostile headers."""
    caplog.set_level(logging.WARNING)
    intake = Intake()
    body = json.dumps(_UPDATES[0]).encode()
    async with receiving(hooked, intake), httpx.AsyncClient(timeout=30) as client:
        await telegram.ledger.until(lambda: bool(telegram.queues[100].webhook), timeout_s=15)
        statuses = {
            (await client.post(telegram.queues[100].webhook, content=body, headers=given)).status_code
            for given in headers(2, 300, (HEADER, "Content-Type", "X-Forwarded-For"))
        }
    assert statuses == {401}
    assert intake.knocks == 0
    assert len(caplog.records) <= 2
