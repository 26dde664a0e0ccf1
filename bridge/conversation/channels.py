"""Finds the channel of a thread among those of one worker, and people's names and languages there."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bridge.domain.errors import ChannelUnavailable
from bridge.domain.incoming import Origin
from bridge.domain.threads import Person, ThreadKey
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import KnownLocales, PersonNames
from bridge.texts.catalog import Texts, texts_in


class Channels:
    """Finds the channel that answers in a thread.

    An account may become known only while the channel is running, so each look-up asks the channel.
    """

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._by_name: defaultdict[str, list[Channel]] = defaultdict(list)
        for channel in channels:
            self._by_name[channel.name].append(channel)

    def find(self, thread: ThreadKey) -> Channel | None:
        """Return the thread's channel; None where this worker does not have it."""
        channels = self._by_name.get(thread.channel, ())
        return next((channel for channel in channels if channel.account in {None, thread.account}), None)

    def of(self, thread: ThreadKey) -> Channel:
        """Return the thread's channel. Raises `ChannelUnavailable` where this worker does not have it."""
        channel = self.find(thread)
        if channel is None:
            raise ChannelUnavailable(f"this worker does not serve {thread.channel} account {thread.account}")
        return channel

    async def texts_for(self, origin: Origin) -> Texts:
        """Return what the bridge says to this person, in the person's language. Takes some seconds at most."""
        channel, locale = self.find(origin.thread), origin.person.locale
        if channel is not None and isinstance(channel, KnownLocales):
            locale = await channel.locale_of(origin)
        return texts_in(locale.language, locale.time_zone)


async def named(channel: Channel, thread: ThreadKey, people: Iterable[Person]) -> Mapping[str, Person]:
    """Return people by their ids, with their names as far as the channel knows them. Takes some seconds at most."""
    found = {person.id: person for person in people}
    unnamed = [person.id for person in found.values() if person.id and not person.name]
    if unnamed and isinstance(channel, PersonNames):
        names = await asyncio.gather(*(channel.name_of(thread, person_id) for person_id in unnamed))
        found |= {
            person_id: replace(found[person_id], name=name) for person_id, name in zip(unnamed, names, strict=True)
        }
    return found
