"""The pacing against the services' limits, on a clock that jumps: what `make bench-pacing` measures, in small."""

from collections.abc import Callable, Iterator

import pytest

from adapters.redis_store.client.connection import connect
from bench.pacing import Silence, bounds, bridge_row, fixed_row
from bench.pacing_world import Service, SlackWorkspace, TelegramChats, TelegramGroup
from tests.property.bridge_host import Store
from tests.property.bridge_time import StoreLoop

_ROUNDS = 3


@pytest.fixture
def loop() -> Iterator[StoreLoop]:
    loop = StoreLoop()
    yield loop
    loop.close()


@pytest.mark.parametrize(("make", "replies"), [(SlackWorkspace, 5), (SlackWorkspace, 20)])
def test_no_call_is_refused_and_texts_are_nearly_as_fresh_as_they_could_be(
    loop: StoreLoop, redis_url: str, make: Callable[[Callable[[], float]], Service], replies: int
) -> None:
    """S8: within 1.3 of the best schedule, which knows beforehand when each answer ends."""
    store = Store(connect(redis_url), loop, Silence())
    row = loop.run_until_complete(bridge_row(store, make, replies, _ROUNDS))
    fixed = loop.run_until_complete(fixed_row(make, replies, _ROUNDS))
    loop.run_until_complete(store.close())
    _, best = bounds(make, replies, _ROUNDS)

    assert row.refused == 0
    assert row.first_text_p95_s <= 0.6
    assert row.final_p95_s <= fixed.final_p95_s
    assert best <= row.staleness <= 1.3 * best


def test_a_hundred_answers_at_once_in_one_workspace_are_all_whole_at_their_end(loop: StoreLoop, redis_url: str) -> None:
    """S8: there are two posts and edits for each; a reply that cannot have both is posted whole, and no end waits."""
    store = Store(connect(redis_url), loop, Silence())
    row = loop.run_until_complete(bridge_row(store, SlackWorkspace, 100, 1))
    loop.run_until_complete(store.close())
    best, _ = bounds(SlackWorkspace, 100, 1)

    assert row.refused == 0
    assert row.final_p95_s <= 0.5
    assert best <= row.staleness <= 1.4 * best


@pytest.mark.parametrize("topics", [5, 10])
def test_answers_in_the_topics_of_one_group_share_both_of_its_limits(
    loop: StoreLoop, redis_url: str, topics: int
) -> None:
    """R18: a chat takes about one call a second with short bursts, and a group twenty a minute."""
    store = Store(connect(redis_url), loop, Silence())
    row = loop.run_until_complete(bridge_row(store, TelegramGroup, topics, _ROUNDS))
    fixed = loop.run_until_complete(fixed_row(TelegramGroup, topics, _ROUNDS))
    loop.run_until_complete(store.close())
    best, _ = bounds(TelegramGroup, topics, _ROUNDS)

    assert row.refused == 0
    assert row.final_median_s <= 1.5
    assert row.final_p95_s <= 4.0 < fixed.final_p95_s
    # The bound does not know the chat's own limit.
    assert best <= row.staleness <= 2 * best


def test_more_answers_than_a_group_may_have_are_late_and_still_meet_no_refusal(loop: StoreLoop, redis_url: str) -> None:
    """S8: Telegram takes twenty messages a minute there; each answer then is one."""
    store = Store(connect(redis_url), loop, Silence())
    row = loop.run_until_complete(bridge_row(store, TelegramGroup, 50, 1))
    loop.run_until_complete(store.close())

    assert row.refused == 0
    assert row.calls_per_reply <= 1.2
    assert row.final_p95_s <= 50 / 20 * 60


def test_a_crowd_at_one_bot_uses_every_call_that_it_may_make(loop: StoreLoop, redis_url: str) -> None:
    """S8: two hundred chats: what each waits for is the bot's 22 calls a second, and nothing else."""
    store = Store(connect(redis_url), loop, Silence())
    row = loop.run_until_complete(bridge_row(store, TelegramChats, 200, 1))
    loop.run_until_complete(store.close())

    assert row.refused == 0
    assert row.first_text_p95_s <= 200 / 22
    assert row.final_p95_s <= 1.5
