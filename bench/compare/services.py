"""The two channels as the bench sees them: people who ask, what they saw, and what the bot called."""

import itertools
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sandbox.ledger import Ledger
from sandbox.slack.server import SlackStandIn
from sandbox.stage import slack_settings, telegram_settings
from sandbox.telegram.flood import Limits
from sandbox.telegram.server import TelegramStandIn

_STARTING = frozenset({"apps.connections.open", "auth.test", "getUpdates", "getMe", "deleteWebhook", "setMyCommands"})


class Service(ABC):
    """One service; every person has a direct talk with the bot."""

    name = ""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)

    @property
    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What leads a bot here."""

    @property
    @abstractmethod
    def stand_in(self) -> AbstractAsyncContextManager[object]:
        """To be started and stopped."""

    @property
    @abstractmethod
    def ledger(self) -> Ledger:
        """What people saw."""

    @abstractmethod
    def limit(self) -> None:
        """Switch the service's limits on."""

    @abstractmethod
    def is_connected(self) -> bool:
        """Say whether a bot listens."""

    @abstractmethod
    async def ask(self, text: str) -> str:
        """Let a new person write; returns the place."""

    @abstractmethod
    def acknowledged_after_s(self) -> list[float]:
        """Return how long each event waited for its acknowledgement."""

    @abstractmethod
    def made(self) -> tuple[Counter[str], int]:
        """Return the calls so far by method, and how many were answered with 429."""

    def redelivered(self) -> int:
        """Return how many events were delivered again."""
        return 0


class Slack(Service):
    name = "slack"

    def __init__(self) -> None:
        super().__init__()
        self._slack = SlackStandIn()

    @property
    def settings(self) -> dict[str, str]:
        return slack_settings(self._slack)

    @property
    def stand_in(self) -> AbstractAsyncContextManager[object]:
        return self._slack

    @property
    def ledger(self) -> Ledger:
        return self._slack.ledger

    def limit(self) -> None:
        self._slack.limits.enabled = True

    def is_connected(self) -> bool:
        return self._slack.sockets.connections > 0

    async def ask(self, text: str) -> str:
        number = f"{next(self.numbers):06d}"
        person = self._slack.person(f"Ada {number}", f"U{number}", f"ada{number}@example.com")
        place = self._slack.add_channel(f"D{number}")
        await self._slack.say(person, place, text)
        return place

    def acknowledged_after_s(self) -> list[float]:
        waits = []
        for delivery in self._slack.sockets.deliveries:
            taken = [one for one in delivery.attempts if one.acked_after_s is not None]
            waits += [one.at + (one.acked_after_s or 0.0) - delivery.attempts[0].at for one in taken[:1]]
        return waits

    def redelivered(self) -> int:
        return sum(max(0, len(delivery.attempts) - 1) for delivery in self._slack.sockets.deliveries)

    def made(self) -> tuple[Counter[str], int]:
        calls = Counter(call.method for call in self._slack.calls if call.method not in _STARTING)
        return calls, self._slack.limits.answered.total()


class Telegram(Service):
    name = "telegram"

    def __init__(self) -> None:
        super().__init__()
        self._telegram = TelegramStandIn()
        self._asked: list[tuple[int, float]] = []

    @property
    def settings(self) -> dict[str, str]:
        return telegram_settings(self._telegram)

    @property
    def stand_in(self) -> AbstractAsyncContextManager[object]:
        return self._telegram

    @property
    def ledger(self) -> Ledger:
        return self._telegram.ledger

    def limit(self) -> None:
        self._telegram.limit(Limits())

    def is_connected(self) -> bool:
        # A call is on record when it is answered: a poll that waits shows in the filter that it has set.
        is_polled = self._telegram.queues[self._telegram.bot.id].allowed is not None
        return is_polled or bool(self._telegram.calls_of("getUpdates"))

    async def ask(self, text: str) -> str:
        person = self._telegram.person(f"Bob {next(self.numbers)}")
        chat = self._telegram.private_chat(person)
        await self._telegram.say(person, chat, text)
        self._asked.append((self._telegram.last_update_id, time.monotonic()))
        return str(chat.id)

    def acknowledged_after_s(self) -> list[float]:
        """An update is acknowledged by the first poll with a higher offset, which may wait for the next update."""
        polls = [(int(call.params.get("offset") or 0), call.at) for call in self._telegram.calls_of("getUpdates")]
        firsts = [next((at - told for offset, at in polls if offset > update), None) for update, told in self._asked]
        return [wait for wait in firsts if wait is not None]

    def made(self) -> tuple[Counter[str], int]:
        calls = Counter(call.method for call in self._telegram.calls if call.method not in _STARTING)
        refused = sum(call.status == 429 for call in self._telegram.calls)  # noqa: PLR2004 - Too Many Requests
        return calls, refused


SERVICES: dict[str, Callable[[], Service]] = {"slack": Slack, "telegram": Telegram}
