"""A channel that receives, and what it hands over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.redis_store import RedisStores
from adapters.slack.channel import SlackChannel
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Command, Incoming, IntakeResult, Question
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import ThreadKey
from config.slack import SlackSettings
from sandbox.slack import SlackStandIn
from tests.contract.store_steps import DONE, begun


@dataclass
class Desk:
    """A channel that receives, and what it hands over."""

    slack: SlackStandIn
    channel: SlackChannel
    kept: list[Incoming] = field(default_factory=list)
    is_down: bool = False
    becomes: IntakeResult = IntakeResult.ACCEPTED

    @property
    def queued(self) -> list[Question | Command]:
        return [one for one in self.kept if isinstance(one, Question | Command)]

    async def accept(self, incoming: Incoming) -> IntakeResult:
        if self.is_down:
            raise StoreUnavailable("down")
        if incoming.id in {kept.id for kept in self.kept}:
            return IntakeResult.DUPLICATE
        self.kept.append(incoming)
        return self.becomes

    async def type(self, text: str, place: str = "D1", user: str = "U0ADA") -> Any:
        """Type a slash command and return the words of the answer."""
        delivery = self.slack.slash(user, place, text)
        await delivery.settled.wait()
        assert len(delivery.attempts) == 1
        if delivery.response is None:
            return None
        assert delivery.response["response_type"] == "ephemeral"
        return delivery.response["text"]


@asynccontextmanager
async def receiving(
    slack: SlackStandIn, stores: RedisStores, options: SlackSettings, *, has_take_overs: bool = True
) -> AsyncIterator[Desk]:
    channel = SlackChannel(
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=slack.api_url,
        options=options,
        sessions=stores.sessions,
        take_overs=stores.take_overs if has_take_overs else None,
        marks=stores.records,
    )
    await channel.open()
    desk = Desk(slack, channel)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(channel.receive(desk.accept, lambda _: None))
        await slack.sockets.until_connected(2)
        slack.sockets.time_scale = 1.0
        yield desk
        task.cancel()
    await channel.aclose()


async def open_session(stores: RedisStores, thread: ThreadKey, person: str = "U0ADA", opened_at: float = 5.0) -> None:
    name = f"c-{thread.place}-{thread.thread}"
    lease = await begun(stores, f"q-{name}", thread=thread)
    session = Session(thread, Conversation(name, "jwt"), "Ada", person, "u", opened_at)
    await stores.sessions.bind(lease, session, 600)
    assert not await stores.queue.settle(lease, DONE)
