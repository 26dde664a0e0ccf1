"""Who may ask: the operator's lists, what the channel knows of a person, and one notice for each refusal."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bridge.access.lists import AccessPolicy, Refusal
from bridge.conversation.announcer import Words
from bridge.conversation.channels import Channels
from bridge.domain.errors import ChannelRateLimited, ChannelUnavailable, Misconfigured, StoreUnavailable
from bridge.domain.incoming import Incoming, Origin, Queued
from bridge.domain.notices import Notice
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Admission, EmailAddresses, PrivateNotices
from bridge.ports.stores.key_value import KeyValueStore
from bridge.runtime.backoff import Backoff
from bridge.runtime.clock import Clock
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.texts.catalog import Texts
from bridge.texts.sentences import not_allowed, notice_of

log = logging.getLogger(__name__)

_ADMIT_WITHIN_S = 1800.0
_PAUSE_FIRST_S, _PAUSE_MOST_S = 1.0, 30.0
_TOLD_AGAIN_S = 86_400.0
_TOLD = "refused"
_OF_THE_PLACE = (Refusal.ACCOUNT, Refusal.PLACE)

Say = Callable[[Origin, Words], Awaitable[None]]
"""Shows a sentence under a message. Raises nothing but cancellation."""


class Admissions:
    """Decides who may ask.

    Args:
        policy: The operator's lists.
        channels: Ask the services about people.
        marks: Remember who got a notice.
        say: Shows a notice where everybody there sees it.
        alarms: Tells the operator what cannot be checked.
        clock: Spaces the tries.
    """

    def __init__(
        self,
        *,
        policy: AccessPolicy,
        channels: Channels,
        marks: KeyValueStore,
        say: Say,
        alarms: OperatorAlerts,
        clock: Clock,
    ) -> None:
        self._policy = policy
        self._channels = channels
        self._marks = marks
        self._say = say
        self._alarms = alarms
        self._clock = clock

    def refusal(self, incoming: Incoming) -> Refusal | None:
        """Return why something must not be stored, as far as the event alone tells; None if it may."""
        return self._policy.refusal(incoming)

    async def admits(self, channel: Channel, queued: Queued) -> bool:
        """Say whether the asker may have an answer; one who may not gets one notice.

        Asks the channel again for half an hour if it cannot tell: a turn may begin only a few times. Raises
        `ChannelUnavailable`, `ChannelRateLimited`, `StoreUnavailable`.
        """
        refusal = await self._patiently(channel, queued)
        if refusal is not None:
            await self.tell(queued.origin, refusal)
        return refusal is None

    async def tell(self, origin: Origin, refusal: Refusal) -> None:
        """Tell the person, or the place, that is refused: once a day, and to the person alone where possible."""
        log.info(
            "a person may not ask",
            extra={"thread_key": str(origin.thread), "person": origin.person.id, "why": refusal.value},
        )
        who = "" if refusal in _OF_THE_PLACE else origin.person.id
        await self.tell_once(origin, who, partial(_words, refusal, origin), _TOLD_AGAIN_S)

    async def tell_once(self, origin: Origin, name: str, said: Words, again_s: float) -> None:
        """Tell the person something, unseen by others if possible, and not again in this place for that time.

        Args:
            origin: Who gets the notice, and where.
            name: What it is about, and whom.
            said: The notice.
            again_s: Seconds.
        """
        thread = origin.thread
        mark = f"{thread.channel}:{thread.account}:{thread.place}:{name}"
        if origin.person.is_program or not await self._is_first(mark, again_s):
            return
        channel = self._channels.find(thread)
        # If no one else reads there, a message is surer to be seen.
        if not origin.is_direct and channel is not None and isinstance(channel, PrivateNotices):
            await channel.tell_alone(origin, said(await self._channels.texts_for(origin)))
        else:
            await self._say(origin, said)

    async def _is_first(self, name: str, again_s: float) -> bool:
        try:
            return await self._marks.use(_TOLD, name, again_s)
        except StoreUnavailable:
            return False

    async def _patiently(self, channel: Channel, queued: Queued) -> Refusal | None:
        began, backoff = self._clock.monotonic(), Backoff(_PAUSE_FIRST_S, _PAUSE_MOST_S)
        while True:
            try:
                return await self._refusal(channel, queued)
            except (ChannelUnavailable, ChannelRateLimited) as error:
                wait_s = max(backoff.next_s(), error.retry_after_s if isinstance(error, ChannelRateLimited) else 0.0)
                if self._clock.monotonic() - began + wait_s > _ADMIT_WITHIN_S:
                    raise
                log.warning("the channel does not say whether a person may ask", extra={"cause": str(error)})
            await self._clock.sleep(wait_s)

    async def _refusal(self, channel: Channel, queued: Queued) -> Refusal | None:
        refusal = self._policy.refusal(queued)
        if refusal is not None:
            return refusal
        try:
            if isinstance(channel, Admission) and not await channel.admits(queued):
                return Refusal.EXTERNAL
            if not self._policy.needs_email(queued):
                return None
            email = await channel.email_of(queued) if isinstance(channel, EmailAddresses) else ""
        except Misconfigured as error:
            self._alarms.tell(error)
            return Refusal.UNKNOWN
        return None if self._policy.admits_email(queued, email) else Refusal.EMAIL


def _words(refusal: Refusal, origin: Origin, texts: Texts) -> str:
    match refusal:
        case Refusal.EXTERNAL:
            return texts(Notice.NOT_ADMITTED)
        case Refusal.UNKNOWN:
            return notice_of(texts, Notice.UNAVAILABLE, origin.id)
        case Refusal.EMAIL:
            return not_allowed(texts, Notice.NOT_ALLOWED_EMAIL, origin.person.id)
        case Refusal.PERSON:
            return not_allowed(texts, Notice.NOT_ALLOWED, origin.person.id)
        case Refusal.ACCOUNT:
            return not_allowed(texts, Notice.NOT_ALLOWED_WORKSPACE, origin.thread.account)
        case Refusal.PLACE:
            return not_allowed(texts, Notice.NOT_ALLOWED_HERE, origin.thread.place)
