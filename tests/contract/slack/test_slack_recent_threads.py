"""Where questions are looked for after an outage is bounded by age and by number."""

import pytest

from adapters.redis_store.stores import RedisStores
from adapters.slack.inbound.recent_threads import RecentThreads
from bridge.domain.threads import ThreadKey


def _thread(number: int) -> ThreadKey:
    return ThreadKey("slack", "T1", "C1", f"{number}.000001")


async def test_threads_that_are_too_many_or_too_old_are_forgotten(
    stores: RedisStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("adapters.slack.inbound.recent_threads.time", lambda: now)
    recent = RecentThreads(stores.records)
    for number in range(1_010):
        now += 1.0
        await recent.note(_thread(number))
    kept = await recent.newest_first()
    assert list(kept) == [_thread(number) for number in range(1_009, 9, -1)]
    assert len(await stores.records.read_all("slack:recent")) == 1_000
    now += 8 * 86400.0
    await recent.note(_thread(5_000))
    assert list(await recent.newest_first()) == [_thread(5_000)]
    assert len(await stores.records.read_all("slack:recent")) == 1


async def test_a_busy_thread_is_noted_once_an_hour(stores: RedisStores, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("adapters.slack.inbound.recent_threads.time", lambda: now)
    recent = RecentThreads(stores.records)
    await recent.note(_thread(1))
    now += 3_000.0
    await recent.note(_thread(1))
    assert await recent.newest_first() == {_thread(1): 1_000_000.0}
    now += 1_000.0
    await recent.note(_thread(1))
    assert await recent.newest_first() == {_thread(1): 1_004_000.0}
