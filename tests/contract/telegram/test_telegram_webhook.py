"""Webhook mode: the real library and the real web server, called by the stand-in."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.telegram import limits as telegram_limits
from adapters.telegram.channel import TelegramChannel
from adapters.telegram.inbound.webhook import Hook
from adapters.web.server import WebServer
from bridge.domain.errors import ChannelTokenRefused
from config.telegram import TelegramBot, TelegramSettings
from config.values.secret import Secret
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Intake, Roots, receiving, rooms_of, until_nothing_is_pending

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def secret_of(token: str) -> str:
    return TelegramBot(Secret(token), "", "").webhook_secret.get_secret_value()


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with WebServer(port=0, host="127.0.0.1", channels=["telegram"]) as listening:
        yield listening


@pytest.fixture
async def hooked(telegram: TelegramStandIn, server: WebServer, roots: Roots) -> AsyncIterator[TelegramChannel]:
    hook = Hook(f"http://127.0.0.1:{server.port}", server, secret_of(telegram.token))
    channel = TelegramChannel(
        options=TelegramSettings(), token=telegram.token, api_url=telegram.api_url, rooms=rooms_of(roots), hook=hook
    )
    await channel.open()
    yield channel
    await channel.aclose()


async def until_set(telegram: TelegramStandIn) -> None:
    await telegram.ledger.until(lambda: bool(telegram.queues[100].webhook), timeout_s=15)


async def test_what_is_posted_is_acknowledged_after_it_was_kept(
    telegram: TelegramStandIn, hooked: TelegramChannel, intake: Intake
) -> None:
    ada = telegram.person("Ada")
    await telegram.say(ada, telegram.private_chat(ada), "from before")
    intake.refuse_from_knock = 2
    async with receiving(hooked, intake) as sentences:
        await telegram.say(ada, telegram.private_chat(ada), "while the store is away")
        await intake.until_knocks(3)
        assert (intake.texts, len(telegram.pending())) == (["from before"], 1)
        intake.refuse_from_knock = None
        await until_nothing_is_pending(telegram)
    assert intake.texts == ["from before", "while the store is away"]
    assert sentences == ["Telegram: connected as @sandbox_100_bot, by webhook"]
    assert telegram.calls_of("getUpdates", "deleteWebhook") == []
    assert hooked.receives_alone == ""


@pytest.mark.parametrize("given", [None, "", "wrong", "é", secret_of("100:other")])
async def test_who_does_not_know_the_secret_is_refused(
    telegram: TelegramStandIn, hooked: TelegramChannel, intake: Intake, given: str | None
) -> None:
    """A1: fails closed."""
    body = {"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "hi", "chat": {"id": 5, "type": "private"}}}
    headers = [] if given is None else [(HEADER.encode(), given.encode())]
    async with receiving(hooked, intake), httpx.AsyncClient() as client:
        await until_set(telegram)
        refused = await client.post(telegram.queues[100].webhook, json=body, headers=headers)
        assert (refused.status_code, refused.text) == (401, "")
    assert intake.knocks == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b"{}", 200), (b'{"message": 7}', 200)],
)
async def test_what_cannot_be_read_is_answered_and_blocks_nobody(
    telegram: TelegramStandIn, hooked: TelegramChannel, intake: Intake, body: bytes, status: int
) -> None:
    """D13: with the right secret."""
    async with receiving(hooked, intake), httpx.AsyncClient() as client:
        await until_set(telegram)
        headers = {HEADER: telegram.queues[100].secret}
        answered = await client.post(telegram.queues[100].webhook, content=body, headers=headers)
        assert answered.status_code == status
    assert intake.knocks == 0


async def test_a_webhook_that_somebody_changed_is_set_again(
    telegram: TelegramStandIn, hooked: TelegramChannel, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram_limits, "WEBHOOK_CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(telegram_limits, "POLL_PAUSE_FIRST_S", 0.05)
    telegram.faults.arm(Fault("setWebhook", status=500, error="Internal Server Error"))
    queue = telegram.queues[100]
    async with receiving(hooked, intake):
        await until_set(telegram)
        ours = queue.webhook
        for theirs in ("", "https://bot.example/hook"):
            queue.point(theirs, "")
            async with asyncio.timeout(15):
                while queue.webhook != ours:
                    await queue.news.wait()
    assert queue.secret == secret_of(telegram.token)
    assert queue.allowed == list(telegram_limits.ALLOWED_UPDATES)


async def test_a_token_that_is_refused_ends_the_receiver(
    telegram: TelegramStandIn, hooked: TelegramChannel, intake: Intake
) -> None:
    telegram.faults.arm(Fault("setWebhook", status=401, error="Unauthorized"))
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused):
            await hooked.receive(intake.accept, lambda _: None)


def test_the_secret_is_what_telegram_takes_and_is_not_the_token() -> None:
    assert len(secret_of("100:sandbox")) == 64
    assert secret_of("100:sandbox") != secret_of("100:sandboy")
    assert "sandbox" not in secret_of("100:sandbox")
