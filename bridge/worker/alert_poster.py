"""Posts what an operator has to know where operators talk: `BRIDGE_ALERTS`."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.errors import BridgeError, StoreUnavailable
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from bridge.ports.channel import Channel
from bridge.ports.stores.key_value import KeyValueStore
from bridge.runtime.backoff import pause_after
from bridge.runtime.clock import Clock
from bridge.runtime.operator_alerts import REPEAT_AFTER_S

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
_GROUP = "alerts"
_POST_WITHIN_S = 20.0
_AGAIN_AFTER_MOST_S = 300.0
"""The longest pause between tries. A place may be wrong for good."""


@dataclass(slots=True)
class _Alert:
    sentence: str
    posted_at: float
    is_ours: bool
    """This worker posts it, and says when it is over."""
    is_posted: bool = False
    """At least one place shows it. Until then this worker tries again, less and less often: a channel may be away."""
    tries: int = 0
    again_at: float = 0.0


class AlertPoster:
    """Posts each cause at most once an hour, whichever workers meet it, and once more when it is over.

    Args:
        places: `<channel>:<place>` each, or `<channel>:<account>/<place>`.
        marks: Where workers tell each other what was posted.
    """

    def __init__(self, places: Sequence[str], channels: Sequence[Channel], marks: KeyValueStore, clock: Clock) -> None:
        self._places = places
        self._channels = channels
        self._marks = marks
        self._clock = clock
        self._alerts: dict[str, _Alert] = {}
        self._seen: frozenset[str] = frozenset()

    @property
    def has_places(self) -> bool:
        """Whether alerts are posted anywhere."""
        return bool(self._places)

    async def look(self, alarms: Mapping[str, str], troubles: Mapping[str, str]) -> None:
        """Post what is new. Troubles of health have to be there at two looks: connections come and go."""
        lasting = {cause: sentence for cause, sentence in troubles.items() if cause in self._seen}
        self._seen = frozenset(troubles)
        now = {**alarms, **lasting}
        for cause, sentence in now.items():
            known = self._alerts.get(cause)
            if known is None or self._clock.monotonic() - known.posted_at >= REPEAT_AFTER_S:
                await self._raise(cause, sentence)
            elif known.is_ours and not known.is_posted and self._clock.monotonic() >= known.again_at:
                await self._announce(known)
        for cause in [cause for cause in self._alerts if cause not in now and cause not in troubles]:
            over = self._alerts.pop(cause)
            if over.is_posted:
                await self._post(f"All clear: {over.sentence}")

    async def _raise(self, cause: str, sentence: str) -> None:
        try:
            is_ours = await self._marks.use(_GROUP, cause, REPEAT_AFTER_S)
        except StoreUnavailable:
            is_ours = True  # better twice than not at all
        alert = self._alerts[cause] = _Alert(sentence, self._clock.monotonic(), is_ours)
        if is_ours:
            await self._announce(alert)

    async def _announce(self, alert: _Alert) -> None:
        alert.is_posted = await self._post(f"An operator has to act: {alert.sentence}")
        alert.tries += 1
        alert.again_at = self._clock.monotonic() + pause_after(alert.tries, LOOK_EVERY_S, _AGAIN_AFTER_MOST_S)

    async def _post(self, text: str) -> bool:
        """Post in every place. Return True if at least one of them took it."""
        is_posted = False
        for place in self._places:
            service, _, rest = place.partition(":")
            account, _, where = rest.rpartition("/")
            channel = next((one for one in self._channels if one.name == service and _serves(one, account)), None)
            if channel is None:
                log.warning("BRIDGE_ALERTS: no channel serves %s", place)
                continue
            view = PageView(notice=text, final=True)
            try:
                async with asyncio.timeout(_POST_WITHIN_S):
                    await channel.post(Address(account or channel.account or "", where), view)
                is_posted = True
            except (BridgeError, TimeoutError) as error:
                log.warning("an alert could not be posted", extra={"place": place, "cause": str(error)})
        return is_posted


def _serves(channel: Channel, account: str) -> bool:
    return not account or channel.account in {None, account}
