"""An outage that outlasts Slack's patience: questions are kept late or read from the history, or their askers told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from adapters.redis_store.stores import RedisStores
from adapters.slack.channel import SlackChannel
from adapters.slack.inbound.http_mode import EVENTS_PATH, Web
from adapters.slack.limits import SlackLimits
from adapters.web.server import WebServer
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Incoming, IntakeResult, Question
from bridge.domain.notices import Notice
from config.slack import SlackSettings
from sandbox.slack import SlackStandIn
from tests.english import english

SOON = SlackLimits(look_every_s=0.1, missed_after_s=0.5, read_pause_s=0.01, late_again_s=0.05, late_most_s=60.0)


@dataclass
class Intake:
    """The real inbox, which can be away."""

    stores: RedisStores
    is_away: bool = False
    kept: list[Question] = field(default_factory=list)

    async def accept(self, incoming: Incoming) -> IntakeResult:
        if self.is_away:
            raise StoreUnavailable("away")
        assert isinstance(incoming, Question)
        became = await self.stores.inbox.append(incoming)
        if became in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}:
            self.kept.append(incoming)
        return became

    @property
    def texts(self) -> Sequence[str]:
        return [question.text for question in self.kept]

    async def until(self, *texts: str) -> None:
        async with asyncio.timeout(10):
            while sorted(self.texts) != sorted(texts):  # noqa: ASYNC110 - a list rings no bell
                await asyncio.sleep(0.02)


@pytest.fixture
def intake(stores: RedisStores) -> Intake:
    return Intake(stores)


@asynccontextmanager
async def receiving(slack: SlackStandIn, intake: Intake, limits: SlackLimits = SOON) -> AsyncIterator[None]:
    slack.sockets.redelivery_after_s, slack.sockets.ack_within_s = (0.0, 0.1, 0.1), 0.3
    channel = SlackChannel(
        options=SlackSettings(),
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=slack.api_url,
        marks=intake.stores.records,
        limits=limits,
    )
    await channel.open()
    task = asyncio.ensure_future(channel.receive(intake.accept, lambda _: None))
    await slack.sockets.until_connected(2)
    slack.sockets.time_scale = 1.0
    yield
    task.cancel()
    await asyncio.wait([task])
    await channel.aclose()


async def _given_up(slack: SlackStandIn, *said: tuple[str, str, str | None]) -> None:
    """Let people write while no event can be delivered, until Slack has given all of them up."""
    slack.sockets.time_scale = 0.01
    for channel, text, root in said:
        await slack.say("U0ADA", channel, text, root)
    await slack.sockets.settled()


async def test_what_slack_delivers_no_more_is_kept_when_the_store_is_back(slack: SlackStandIn, intake: Intake) -> None:
    """R16: Redis is away for longer than Slack repeats."""
    async with receiving(slack, intake):
        intake.is_away = True
        await slack.say("U0ADA", "D1", "are you there?")
        await slack.sockets.settled()
        assert not slack.deliveries[-1].acked
        intake.is_away = False
        await intake.until("are you there?")
    assert slack.api.ephemerals == []


async def test_an_asker_whose_message_is_lost_is_asked_to_ask_again(slack: SlackStandIn, intake: Intake) -> None:
    """R16: and a message to others in a thread of the bot is not spoken of."""
    async with receiving(slack, intake, SlackLimits(late_again_s=0.05, late_most_s=0.1)):
        intake.is_away = True
        root = await slack.say("U0BOB", "C1", "people talk")
        await slack.say("U0BOB", "C1", "among themselves", root)
        await slack.say("U0ADA", "C1", f"{slack.mention} are you there?", root)
        await slack.sockets.settled()
        await slack.ledger.until(lambda: bool(slack.api.ephemerals), 10)
        await asyncio.sleep(0.3)
    assert slack.api.ephemerals[0] == ("C1", "U0ADA", root, english(Notice.NOT_TAKEN))
    assert {user for _, user, _, _ in slack.api.ephemerals} == {"U0ADA"}


async def test_what_was_said_while_no_worker_ran_is_read_from_the_history(slack: SlackStandIn, intake: Intake) -> None:
    """R16: in direct messages, in threads that the bot was in, and new ones in channels where it was asked before."""
    async with receiving(slack, intake):
        await slack.say("U0ADA", "D1", "first")
        root = await slack.say("U0BOB", "C1", "people talk")
        await slack.say("U0BOB", "C1", "and go on before the bot is there", root)
        await slack.sockets.settled()
        await slack.say("U0ADA", "C1", f"{slack.mention} in a thread", root)
        await intake.until("first", "in a thread")
        await _until_heard(intake.stores)
    in_thread, anew = ("C1", "missed in the thread", root), ("C1", f"{slack.mention} missed anew", None)
    await _given_up(slack, ("D1", "missed", None), in_thread, anew, ("C1", "people talk", None))
    assert not any(delivery.acked for delivery in slack.deliveries[-4:])
    await asyncio.sleep(SOON.missed_after_s)
    async with receiving(slack, intake):
        await intake.until("first", "in a thread", "missed", "missed in the thread", "missed anew")
        await slack.say("U0ADA", "D1", "after")
        await intake.until("first", "in a thread", "missed", "missed in the thread", "missed anew", "after")
    by_text = {question.text: question for question in intake.kept}
    assert by_text["missed in the thread"].thread.thread == root
    assert len({question.id for question in intake.kept}) == 6


async def test_a_short_stop_reads_nothing(slack: SlackStandIn, intake: Intake) -> None:
    """R16: Slack itself delivers again for six minutes."""
    limits = SlackLimits(look_every_s=0.1)
    for text in ("one", "two"):
        async with receiving(slack, intake, limits):
            await slack.say("U0ADA", "D1", text)
            await slack.sockets.settled()
            await _until_heard(intake.stores)
    assert not any(call.method.startswith("conversations.") for call in slack.calls)


async def test_what_cannot_be_read_is_told_and_the_rest_is_read(
    slack: SlackStandIn, intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    """R16: a scope may be missing, and Slack limits how often some apps may read."""
    async with receiving(slack, intake):
        await slack.say("U0ADA", "D1", "first")
        await slack.say("U0ADA", "C1", f"{slack.mention} there")
        await intake.until("first", "there")
        await _until_heard(intake.stores)
    slack.scopes.discard("channels:history")
    await _given_up(slack, ("D1", "missed", None), ("C1", f"{slack.mention} missed there", None))
    await asyncio.sleep(SOON.missed_after_s)
    with caplog.at_level(logging.WARNING):
        async with receiving(slack, intake):
            await intake.until("first", "there", "missed")
            await slack.ledger.until(lambda: "cannot be read" in caplog.text)
    assert "cannot be read" in caplog.text
    assert "missed there" not in caplog.text


async def _until_heard(stores: RedisStores) -> None:
    async with asyncio.timeout(10):
        while await stores.records.read("slack:heard", "last") is None:  # noqa: ASYNC110 - a store rings no bell
            await asyncio.sleep(0.02)


async def test_over_http_the_last_delivery_is_known_too(slack: SlackStandIn, intake: Intake) -> None:
    """R16: Slack names the number of a delivery in a header."""
    slack.sockets.redelivery_after_s, slack.sockets.time_scale = (0.0, 0.1, 0.1), 1.0
    async with WebServer(port=0, host="127.0.0.1", channels=["slack"]) as server:
        channel = SlackChannel(
            options=SlackSettings(),
            bot_token=slack.bot_token,
            api_url=slack.api_url,
            web=Web(server, slack.signing_secret),
            marks=intake.stores.records,
            limits=SOON,
        )
        await channel.open()
        connected = asyncio.Event()
        task = asyncio.ensure_future(channel.receive(intake.accept, lambda _: connected.set()))
        await asyncio.wait_for(connected.wait(), 10)
        slack.deliver_to(f"http://127.0.0.1:{server.port}{EVENTS_PATH}")
        intake.is_away = True
        await slack.say("U0ADA", "D1", "are you there?")
        await slack.sockets.settled()
        assert [attempt.status for attempt in slack.deliveries[-1].attempts] == [503] * 4
        intake.is_away = False
        await intake.until("are you there?")
        task.cancel()
        await asyncio.wait([task])
        await channel.aclose()
