"""What the inbox and the reply roots promise, on a real server."""

from dataclasses import replace
from itertools import permutations

import pytest
from redis.asyncio import Redis

from adapters.redis_store import RedisStores
from adapters.redis_store.schema.codec import queued_from_json, queued_to_json
from bridge.domain.incoming import Command, CommandName, IntakeResult, Question
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import Step
from bridge.ports.stores.stores import Stores
from tests.contract.store_steps import DONE, OTHER, THREAD, ask, begin, begun, claim


def test_the_redis_stores_are_the_port(stores: RedisStores) -> None:
    port: Stores = stores
    assert port.inbox is stores.inbox


async def test_questions_of_one_thread_come_out_in_the_order_they_went_in(stores: RedisStores) -> None:
    lease = await begun(stores, "q1", "q2", "q3")
    seen = [(await begin(stores, lease)).queued.id]
    while await stores.queue.settle(lease, DONE):
        seen.append((await begin(stores, lease)).queued.id)
    assert seen == ["q1", "q2", "q3"]


async def test_a_question_comes_back_as_it_was(stores: RedisStores) -> None:
    odd = ask("odd:\ud83d é", text='half \ud83d of "an" emoji, \x00 and \x7f \U0001f600', aliases=["\udc00"])
    await stores.inbox.append(odd)
    entry = await begin(stores, await claim(stores))
    assert entry.queued == odd
    assert entry.record.attempts == 1
    assert entry.record.step is Step.CLAIMED


def test_a_question_written_by_another_version_can_be_read() -> None:
    raw = queued_to_json(ask("q1"))
    assert queued_from_json(raw[:-1] + b',"new_field":{"a":1}}') == ask("q1")
    least = b'{"id":"q","thread":"a:b:c:","address":{"account":"b","place":"c"},"person":{"id":"u"},"text":"hi"}'
    assert isinstance(queued_from_json(least), Question)
    for name in CommandName:
        kind = f',"kind":"{name}","about":"0123"}}'.encode()
        assert queued_from_json(least[:-1] + kind) == Command(queued_from_json(least).origin, name, "0123")


async def test_a_message_is_recognised_by_any_of_its_names(stores: RedisStores) -> None:
    """D2: the same message under several event ids."""
    assert await stores.inbox.append(ask("m1", aliases=["e1"])) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(ask("m1", aliases=["e2"])) is IntakeResult.DUPLICATE
    # e2 became an alias by standing beside m1, and e3 by standing beside e2.
    assert await stores.inbox.append(ask("m9", aliases=["e2", "e3"])) is IntakeResult.DUPLICATE
    assert await stores.inbox.append(ask("m8", aliases=["e3"])) is IntakeResult.DUPLICATE
    assert await stores.inbox.append(ask("m7", aliases=["e7"])) is IntakeResult.ACCEPTED


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_message_and_its_mention_are_one_question_in_any_order(
    stores: RedisStores, order: tuple[int, ...]
) -> None:
    """D2: `message` and `app_mention` of one message, in a thread that is new."""
    deliveries = [
        ask("m1", aliases=["e1"], addressed=False),
        ask("m1", aliases=["e2"], addressed=True),
        ask("m1", aliases=["e2"], addressed=True),
    ]
    became = [await stores.inbox.append(deliveries[index]) for index in order]
    assert became.count(IntakeResult.ACCEPTED) == 1


async def test_duplicates_are_kept_in_mind_for_two_days(stores: RedisStores, redis: Redis) -> None:
    """D4: Telegram redelivers for 24 hours. What else a message is called matters for the minutes of a redelivery."""
    await stores.inbox.append(ask("m1", aliases=["e1"]))
    assert 25 * 3600 < await redis.ttl(stores.keys.seen("m1")) <= 48 * 3600
    assert 3600 < await redis.ttl(stores.keys.seen("e1")) <= 2 * 3600


async def test_a_text_longer_than_talkifai_takes_is_refused_once_and_never_kept(
    stores: RedisStores, redis: Redis
) -> None:
    """R2: nothing fills Redis that could not be asked."""
    text = "x" * 10_001
    assert await stores.inbox.append(ask("m0", text=text, addressed=False)) is IntakeResult.NOT_ADDRESSED
    assert await stores.inbox.append(ask("m1", text=text)) is IntakeResult.TOO_LONG
    assert await stores.inbox.append(ask("m1", text=text)) is IntakeResult.DUPLICATE
    assert await stores.queue.claim() is None
    assert sum([await redis.memory_usage(key) or 0 for key in await redis.keys("*")]) < 1000
    assert await stores.inbox.append(ask("m2", text="x" * 10_000)) is IntakeResult.ACCEPTED


async def test_a_full_inbox_says_so_once(stores: RedisStores) -> None:
    for number in range(50):
        assert await stores.inbox.append(ask(f"q{number}")) in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
    assert await stores.inbox.append(ask("late")) is IntakeResult.FULL
    assert await stores.inbox.append(ask("late")) is IntakeResult.DUPLICATE
    assert await stores.inbox.append(ask("elsewhere", OTHER)) is IntakeResult.ACCEPTED


async def test_only_a_known_thread_takes_what_is_not_addressed(stores: RedisStores, redis: Redis) -> None:
    assert await stores.inbox.append(ask("m0", addressed=False)) is IntakeResult.NOT_ADDRESSED
    assert await redis.dbsize() == 0
    assert await stores.inbox.append(ask("m1")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(ask("m2", addressed=False)) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(ask("m3", OTHER, addressed=False)) is IntakeResult.NOT_ADDRESSED
    assert 6 * 86400 < await redis.ttl(stores.keys.known(THREAD)) <= 7 * 86400


async def test_a_known_thread_stays_known_as_long_as_people_write(stores: RedisStores, redis: Redis) -> None:
    lease = await begun(stores)
    for renewed_by in (stores.queue.settle(lease, DONE), stores.inbox.append(ask("m2", addressed=False))):
        await redis.expire(stores.keys.known(THREAD), 100)
        await renewed_by
        assert await redis.ttl(stores.keys.known(THREAD)) > 6 * 86400


async def test_a_message_leads_to_the_root_of_its_chain(stores: RedisStores, redis: Redis) -> None:
    roots = stores.reply_roots
    await roots.remember("bot", "-100", "7", "3")
    assert await roots.root_of("bot", "-100", "7") == "3"
    assert await roots.root_of("bot", "-100:7", "") is None
    assert await roots.root_of("bot", "-100", "8") is None
    assert 6 * 86400 < await redis.ttl(stores.keys.reply_root("bot", "-100", "7")) <= 7 * 86400


async def test_a_place_is_told_once_in_an_hour_that_only_text_is_read(stores: RedisStores, redis: Redis) -> None:
    """Whatever the thread."""
    thread = ThreadKey("telegram", "100", "-5", "1")
    beside, elsewhere = replace(thread, thread="2"), replace(thread, place="-6")
    said = [await stores.inbox.note_wordless(one) for one in (thread, thread, beside, elsewhere)]
    assert said == [IntakeResult.WORDLESS, IntakeResult.DUPLICATE, IntakeResult.DUPLICATE, IntakeResult.WORDLESS]
    assert 3590 < await redis.ttl(stores.keys.told_wordless(thread)) <= 3600
    assert await stores.queue.claim() is None
