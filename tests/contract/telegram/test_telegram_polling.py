"""Polls that hang, are taken away by others, or bring an update that cannot be handled."""

import asyncio
import logging
from contextlib import suppress

import pytest

from adapters.telegram import limits as telegram_limits
from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Incoming, IntakeResult
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Intake, receiving, until_nothing_is_pending
from tests.wishes import words_of

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_limits, "POLL_PAUSE_FIRST_S", 0.05)
    monkeypatch.setattr(telegram_limits, "CONFLICT_PAUSE_S", 0.1)


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.mark.parametrize(
    ("hold_s", "margin_s", "hangs_after_s"),
    [(1, 0.2, 60.0), (0, 60.0, 0.5)],
    ids=["silent", "over its time in all"],
)
async def test_a_poll_that_hangs_gets_a_new_connection(
    telegram: TelegramStandIn,
    channel: TelegramChannel,
    intake: Intake,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hold_s: int,
    margin_s: float,
    hangs_after_s: float,
) -> None:
    monkeypatch.setattr(telegram_limits, "POLL_HOLD_S", hold_s)
    monkeypatch.setattr(telegram_limits, "POLL_READ_MARGIN_S", margin_s)
    monkeypatch.setattr(telegram_limits, "POLL_HANGS_AFTER_S", hangs_after_s)
    telegram.faults.arm(Fault("getUpdates", delay_s=600.0))
    ada = telegram.person("Ada")
    await telegram.say(ada, telegram.private_chat(ada), "anybody there?")
    async with receiving(channel, intake):
        await intake.until_knocks(1)
        await until_nothing_is_pending(telegram)
    told = [record for record in caplog.records if "its connection is renewed" in record.message]
    assert [record.__dict__["renewals"] for record in told] == [1]


async def test_another_poller_is_told_of_once_and_not_at_every_try(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    said = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    telegram.faults.arm(Fault("getUpdates", status=409, error=said, times=3))
    ada = telegram.person("Ada")
    await telegram.say(ada, telegram.private_chat(ada), "hello")
    async with receiving(channel, intake):
        await intake.until_knocks(1)
        assert "another process polls" in channel.trouble
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(told) == 1
    assert "another process polls" in told[0].message
    assert len(telegram.calls_of("deleteWebhook")) == 1


async def test_a_webhook_set_while_polling_is_removed_once_and_then_told_of(
    telegram: TelegramStandIn,
    channel: TelegramChannel,
    intake: Intake,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue, ada = telegram.queues[100], telegram.person("Ada")
    monkeypatch.setattr(telegram_limits, "POLL_HOLD_S", 0)
    async with receiving(channel, intake):
        queue.point("https://bot.example/hook", "")
        await telegram.say(ada, telegram.private_chat(ada), "from the hook's time")
        await intake.until_knocks(1)
        assert queue.webhook == ""
        queue.point("https://bot.example/hook", "")
        refused_before = _conflicts(telegram)
        await telegram.ledger.until(lambda: _conflicts(telegram) >= refused_before + 3, timeout_s=15)
        assert queue.webhook == "https://bot.example/hook"
        queue.point("", "")
        await telegram.say(ada, telegram.private_chat(ada), "and after it")
        await intake.until_knocks(2)
    told = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(told) == 1
    assert "webhook" in told[0]
    assert queue.pending_were_dropped == 0


async def test_an_update_that_meets_a_defect_is_set_aside_after_three_tries(
    telegram: TelegramStandIn, channel: TelegramChannel, intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    """D13: with its reason and without its content; the next updates are served."""
    tries = 0

    async def accept(incoming: Incoming) -> IntakeResult:
        nonlocal tries
        if words_of(incoming) == "poison":
            tries += 1
            raise LookupError("a defect of ours")
        return await intake.accept(incoming)

    ada = telegram.person("Ada")
    for text in ("poison", "served"):
        await telegram.say(ada, telegram.private_chat(ada), text)
    async with asyncio.timeout(20):
        for _ in range(3):
            with pytest.raises(LookupError):
                await channel.receive(accept, lambda _: None)
        last = asyncio.ensure_future(channel.receive(accept, lambda _: None))
        await intake.until_knocks(1)
        await until_nothing_is_pending(telegram)
        last.cancel()
        with suppress(asyncio.CancelledError):
            await last
    assert (tries, intake.texts, channel.dead_letter) == (3, ["served"], 1)
    (skipped,) = [record.message for record in caplog.records if "is skipped" in record.message]
    assert "3 tries ended in LookupError" in skipped
    assert "poison" not in skipped


def _conflicts(telegram: TelegramStandIn) -> int:
    return sum(call.status == 409 for call in telegram.calls_of("getUpdates"))


async def test_a_chat_that_is_slow_to_be_kept_holds_up_no_other_chat_and_its_own_messages_stay_in_order(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    """A batch is acknowledged when all of it is kept."""
    ada, bob = telegram.person("Ada"), telegram.person("Bob")
    for person, text in ((ada, "one"), (ada, "two"), (bob, "three"), (ada, "four")):
        await telegram.say(person, telegram.private_chat(person), text)
    kept: list[str] = []
    is_bob_kept = asyncio.Event()

    class Slow(Intake):
        async def accept(self, incoming: Incoming) -> IntakeResult:
            if incoming.person.id == str(ada.id):
                await is_bob_kept.wait()
                assert telegram.pending()
            kept.append(words_of(incoming))
            is_bob_kept.set()
            return await super().accept(incoming)

    intake = Slow()
    async with receiving(channel, intake):
        await intake.until_knocks(4)
        await until_nothing_is_pending(telegram)
    assert kept == ["three", "one", "two", "four"]


async def test_what_is_not_kept_is_fetched_again_and_what_came_before_it_is_not(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    """The offset never passes an update that the store did not take."""
    ada, bob = telegram.person("Ada"), telegram.person("Bob")
    for person, text in ((ada, "one"), (bob, "two"), (ada, "three")):
        await telegram.say(person, telegram.private_chat(person), text)
    knocks: list[str] = []

    class AwayForBob(Intake):
        async def accept(self, incoming: Incoming) -> IntakeResult:
            knocks.append(words_of(incoming))
            if knocks.count("two") == 1 and knocks[-1] == "two":
                raise StoreUnavailable("away")
            return await super().accept(incoming)

    intake = AwayForBob()
    async with receiving(channel, intake):
        await until_nothing_is_pending(telegram)
    assert knocks.count("one") == 1
    assert knocks.count("two") == 2
    assert sorted(intake.texts) == ["one", "three", "three", "two"]  # the store itself knows what it has
