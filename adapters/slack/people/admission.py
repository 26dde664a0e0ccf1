"""Who may ask: members always, guests and people of other organisations where the setting says so."""

import asyncio
import logging
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, translated
from adapters.slack.options import SlackOptions
from adapters.slack.people.directory import People
from bridge.domain.errors import BridgeError, ChannelUnavailable
from bridge.domain.incoming import Queued
from bridge.domain.notices import Notice
from bridge.runtime.bounded_dict import BoundedDict

_LOG = logging.getLogger(__name__)
_CALL_S = 3.0
_KEPT = 10_000


class Admission:
    """Admits people, and tells those that it refuses so, once and where nobody else sees it."""

    def __init__(self, client: AsyncWebClient, people: People, options: SlackOptions) -> None:
        self._client = client
        self._people = people
        self._options = options
        self._told: BoundedDict[str, None] = BoundedDict(_KEPT)
        self._has_warned = False

    async def admits(self, queued: Queued) -> bool:
        """Say whether the asker may have an answer. Raises `ChannelUnavailable` where Slack does not tell now."""
        if self._options.external_users == "allow" or not await self._is_external(queued):
            return True
        await self._tell(queued)
        return False

    async def _is_external(self, queued: Queued) -> bool:
        if "person_team" in queued.origin.metadata:
            return True
        if queued.person.is_program:
            return False
        known = (await self._people.profile(queued.person.id)).is_external
        if known is not None:
            return known
        if not self._people.are_hidden:
            raise ChannelUnavailable("Slack did not say whether the asker is a guest")
        if not self._has_warned:
            self._has_warned = True
            _LOG.warning("Guests cannot be told from members without the scope users:read: they are answered.")
        return False

    async def _tell(self, queued: Queued) -> None:
        """Tell the asker alone; in each worker once. Best effort."""
        person, address = queued.person.id, queued.address
        if person in self._told or queued.person.is_program:
            return
        self._told[person] = None
        thread: dict[str, Any] = {"thread_ts": address.thread} if address.thread else {}
        try:
            with translated(Call("chat.postEphemeral")):
                async with asyncio.timeout(_CALL_S):
                    await self._client.chat_postEphemeral(
                        channel=address.place, user=person, text=Notice.NOT_ADMITTED, **thread
                    )
        except BridgeError as error:
            _LOG.info("Somebody was refused and could not be told: %s", error)
