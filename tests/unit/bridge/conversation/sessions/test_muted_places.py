"""Where nothing can be written, nothing is asked for a while."""

import asyncio

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.conversation.sessions.muted_places import MutedPlaces
from bridge.domain.errors import PlaceMuted
from bridge.domain.threads import ThreadKey

THREAD = ThreadKey("fake", "A", "C1", "1")
BESIDE = ThreadKey("fake", "A", "C1", "2")
ELSEWHERE = ThreadKey("fake", "A", "C2", "1")


async def test_a_place_is_muted_as_a_whole_and_others_are_not(stores: RedisStores) -> None:
    muted = MutedPlaces(stores.records)
    await muted.check(THREAD)
    await muted.note(THREAD, PlaceMuted("no"))
    for thread in (THREAD, BESIDE):
        with pytest.raises(PlaceMuted):
            await muted.check(thread)
    await muted.check(ELSEWHERE)


async def test_a_closed_topic_mutes_no_other(stores: RedisStores) -> None:
    muted = MutedPlaces(stores.records)
    await muted.note(THREAD, PlaceMuted("closed", thread_only=True))
    with pytest.raises(PlaceMuted):
        await muted.check(THREAD)
    await muted.check(BESIDE)


async def test_a_place_that_is_asked_in_again_and_again_is_tried_after_its_time(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    muted = MutedPlaces(stores.records)
    monkeypatch.setattr("bridge.conversation.sessions.muted_places.MUTED_S", 0.3)
    await muted.note(THREAD, PlaceMuted("no"))
    monkeypatch.setattr("bridge.conversation.sessions.muted_places.MUTED_S", 60.0)
    await muted.note(THREAD, PlaceMuted("no"))
    with pytest.raises(PlaceMuted):
        await muted.check(THREAD)
    await asyncio.sleep(0.4)
    await muted.check(THREAD)
