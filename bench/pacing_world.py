"""What the pacing simulation runs in: a service with strict limits, answers that stream, and the books of both."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from adapters.slack.outbound.messages import pace_of as slack_pace
from adapters.telegram.limits import BOT_CALLS_PER_S
from adapters.telegram.outbound.messages import pace_of as telegram_pace
from bridge.domain.errors import ChannelRateLimited
from bridge.domain.limits.rate_limits import ChannelLimits
from bridge.domain.pages import PageView, Streaming
from bridge.domain.threads import Address
from sandbox.slack.limits import RateLimits
from sandbox.telegram.flood import FloodGate, Limits
from sandbox.telegram.wire import Refused
from tests.fakes import FakeChannel

_BOT = 7
_GROUP = -1001
CHUNK_S = 0.1
CALL_S = 0.2
"""How long a call takes; it arrives half-way."""


@dataclass(slots=True)
class Stream:
    """One answer: so many characters, evenly over some seconds."""

    number: int
    begins_at: float
    lasts_s: float
    characters: int
    shown: list[tuple[float, int]] = field(default_factory=list)
    """When how many characters came to be seen."""
    calls: int = 0

    @property
    def ends_at(self) -> float:
        """When the last character is written."""
        return self.begins_at + self.lasts_s

    @property
    def whole_at(self) -> float:
        """When the whole text was seen."""
        return next(at for at, count in self.shown if count >= self.characters)

    @property
    def first_text_s(self) -> float:
        """From the first character until something was seen."""
        return self.shown[0][0] - self.begins_at

    @property
    def late_s(self) -> float:
        """From the last character until all was seen."""
        return self.whole_at - self.ends_at

    @property
    def staleness(self) -> float:
        """Return the characters written and not seen, over the time of the stream and all characters.

        What is missing after the stream's end counts on, so that a late text is worse than a short one.
        """
        area, step_s = 0.0, 0.02
        seen, waiting = 0, list(self.shown)
        for step in range(round((self.whole_at - self.begins_at) / step_s)):
            at = self.begins_at + (step + 0.5) * step_s
            while waiting and waiting[0][0] <= at:
                seen = waiting.pop(0)[1]
            area += max(0.0, self.written(at) - seen) * step_s
        return area / (self.characters * self.lasts_s)

    def written(self, at: float) -> float:
        """Return how many characters are written by then."""
        return self.characters * min(1.0, max(0.0, (at - self.begins_at) / self.lasts_s))


class Service(Protocol):
    """A messaging service's limits in a simulation."""

    name: str
    edits_per_minute: int
    posts_count_as_edits: bool

    def pace(self, number: int) -> ChannelLimits:
        """Say how the bridge spaces the calls of a reply."""
        ...

    def refuse(self, number: int, *, is_post: bool) -> tuple[float, str]:
        """Count a call; return for how many seconds it is refused, 0 for not at all, and the scope."""
        ...


class SlackWorkspace:
    """One workspace, each reply in a channel of its own: 50 edits a minute for all."""

    name = "Slack workspace"
    edits_per_minute = 50
    posts_count_as_edits = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self._limits = RateLimits(clock)
        self._limits.enabled = True

    def pace(self, number: int) -> ChannelLimits:
        """As the Slack adapter says."""
        return slack_pace(self._address(number))

    def refuse(self, number: int, *, is_post: bool) -> tuple[float, str]:
        """Count a call."""
        method = "chat.postMessage" if is_post else "chat.update"
        pace = self.pace(number)
        scope = (pace.posts if is_post else pace.edits)[0].scope
        return float(self._limits.wait_s(method, self._address(number).place)), scope

    def _address(self, number: int) -> Address:
        return Address("T1", f"C{number}", "1.0")


class TelegramGroup:
    """One group, each reply in a topic of its own: 20 posts and edits a minute for all."""

    name = "Telegram group"
    edits_per_minute = 20
    posts_count_as_edits = True

    def __init__(self, clock: Callable[[], float]) -> None:
        self._gate = FloodGate(clock)
        self._gate.limits = Limits()

    def pace(self, number: int) -> ChannelLimits:
        """As the Telegram adapter says."""
        return telegram_pace(Address(str(_BOT), str(_GROUP), str(number)))

    def refuse(self, number: int, *, is_post: bool) -> tuple[float, str]:
        """Count a call."""
        del is_post
        try:
            self._gate.pass_through(_BOT, _GROUP, is_group=True)
        except Refused as refused:
            return float(refused.parameters["retry_after"]), self.pace(number).edits[0].scope
        return 0.0, ""


class TelegramChats:
    """One bot, each reply in a private chat of its own: so many posts and edits a second for all."""

    name = "Telegram chats"
    edits_per_minute = 60 * BOT_CALLS_PER_S
    posts_count_as_edits = True

    def __init__(self, clock: Callable[[], float]) -> None:
        self._gate = FloodGate(clock)
        self._gate.limits = Limits()

    def pace(self, number: int) -> ChannelLimits:
        """As the Telegram adapter says."""
        return telegram_pace(Address(str(_BOT), str(_chat_of(number))))

    def refuse(self, number: int, *, is_post: bool) -> tuple[float, str]:
        """Count a call."""
        del is_post
        try:
            self._gate.pass_through(_BOT, _chat_of(number), is_group=False)
        except Refused as refused:
            return float(refused.parameters["retry_after"]), self.pace(number).edits[0].scope
        return 0.0, ""


def _chat_of(number: int) -> int:
    return 1000 + number


class StreamChannel(FakeChannel):
    """The channel port for one reply: calls take their time, are counted when they arrive, and are written down."""

    def __init__(self, service: Service, stream: Stream) -> None:
        super().__init__(name="bench", page_size=stream.characters)
        self._service = service
        self._stream = stream
        self.refused = 0

    def looks_same(self, one: PageView, other: PageView) -> bool:
        """Nothing but the text is seen."""
        return one.text == other.text

    def pace(self, address: Address, streaming: Streaming | None = None) -> ChannelLimits:
        """As the service's adapter says."""
        del address, streaming
        return self._service.pace(self._stream.number)

    async def post(self, address: Address, view: PageView) -> str:
        """Post."""
        del address
        # The rest of a text for which there was no edit goes on behind what is shown.
        before = self._stream.shown[-1][1] if view.number > 1 else 0
        await self.call(before + len(view.text), is_post=True)
        return "m"

    async def edit(self, address: Address, message_id: str, view: PageView) -> None:
        """Edit."""
        del address, message_id
        await self.call(len(view.text), is_post=False)

    async def call(self, characters: int, *, is_post: bool) -> None:
        """Make a call: it arrives half-way. Raises `ChannelRateLimited`."""
        self._stream.calls += 1
        await asyncio.sleep(CALL_S / 2)
        wait_s, scope = self._service.refuse(self._stream.number, is_post=is_post)
        if not wait_s:
            self._stream.shown.append((asyncio.get_running_loop().time(), characters))
        await asyncio.sleep(CALL_S / 2)
        if wait_s:
            self.refused += 1
            raise ChannelRateLimited(wait_s, scope)
