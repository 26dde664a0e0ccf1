"""What stands in Redis where there is a key: no token and no word."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis.asyncio import Redis

from adapters.redis_store import RedisStores
from adapters.redis_store.client.connection import connect
from adapters.redis_store.schema.codec import Unreadable
from adapters.redis_store.schema.sealing import MARK, Sealing
from bridge.domain.errors import StoreUnavailable
from bridge.domain.exchanges import Exchange
from bridge.domain.files import Attachment
from bridge.domain.incoming import Command, CommandName, Edit, IntakeResult
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Person, ThreadKey
from bridge.domain.turns import AnswerResult, Lease, Outcome, Settlement
from tests.contract.store_steps import (
    OTHER,
    THREAD,
    ask,
    begin,
    begun,
    bound,
    claim,
    command,
    origin,
    question_in,
    session,
)

KEY, OLDER_KEY = (Fernet.generate_key().decode() for _ in range(2))
WITH_LINES = "first canary\nsecond canary\n\nlast"

Open = Callable[..., RedisStores]


@pytest.fixture
async def with_keys(redis: Redis, redis_url: str) -> AsyncIterator[Open]:
    """Open stores with these keys."""
    del redis  # it empties the server
    async with AsyncExitStack() as stack:

        def opened(*keys: str) -> RedisStores:
            stores = RedisStores(connect(redis_url), secret_keys=keys)
            stack.push_async_callback(stores.aclose)
            return stores

        yield opened


async def dump(redis: Redis) -> bytes:
    """Return all that the server holds, in one text."""
    reads: dict[bytes, list[str | int]] = {
        b"string": ["GET"],
        b"hash": ["HGETALL"],
        b"list": ["LRANGE", 0, -1],
        b"zset": ["ZRANGE", 0, -1],
        b"set": ["SMEMBERS"],
        b"stream": ["XRANGE", "-", "+"],
    }
    parts = []
    for key in await redis.keys("*"):
        kind: Any = await redis.type(key)
        name, *arguments = reads[kind]
        found: Any = await redis.execute_command(name, key, *arguments)  # type: ignore[no-untyped-call]
        parts.append(repr(found))
    return " ".join(parts).encode()


async def work(stores: RedisStores) -> None:
    """Leave every kind of thing that holds words or a token, with the first turn under way."""
    assert await stores.inbox.append(ask("q1", text=WITH_LINES)) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(ask("q2", text="waiting canary")) is IntakeResult.ACCEPTED
    lease = replace(await claim(stores), question_id="q1")
    await begin(stores, lease)
    await stores.sessions.bind(lease, session("canary"), 600)
    await stores.queue.record_sending(lease, "canary", 0, "worded canary")
    await stores.queue.record_shown(lease, ["1"], "half canary", has_begun=True)
    await stores.queue.record_answer(lease, "whole canary\nin lines", AnswerResult(Outcome.ANSWERED))


async def test_what_files_are_called_and_where_they_are_stands_in_redis_sealed(with_keys: Open, redis: Redis) -> None:
    """A4, M9: with the parts of a question that came as several messages."""
    stores = with_keys(KEY)
    first, second = (Attachment(f"canary{number}.txt", 9, f"https://canary/{number}") for number in range(2))
    await stores.inbox.append(replace(ask("q1", joins_within_s=0.2), has_files=True, files=(first,)))
    await stores.inbox.append(replace(ask("q2", joins_within_s=0.2), has_files=True, files=(second,)))
    assert b"canary" not in await dump(redis)
    await asyncio.sleep(0.25)
    question = question_in(await begin(stores, await claim(stores)))
    assert (question.text, question.files, question.has_files) == ("q1\nq2", (first, second), True)
    assert b"canary" not in await dump(redis)


async def test_a_question_with_a_file_that_is_joined_to_one_without_keeps_it(with_keys: Open) -> None:
    stores = with_keys()
    file = Attachment("notes.txt", 9, "ref")
    await stores.inbox.append(ask("q1", joins_within_s=0.2))
    await stores.inbox.append(replace(ask("q2", joins_within_s=0.2), has_files=True, files=(file,)))
    await asyncio.sleep(0.25)
    question = question_in(await begin(stores, await claim(stores)))
    assert (question.files, question.has_files) == ((file,), True)


async def test_no_token_and_no_word_stands_in_redis(with_keys: Open, redis: Redis) -> None:
    """A4: session tokens, questions that wait and are at work, answers, dead letters, what was not answered."""
    stores = with_keys(KEY)
    await work(stores)
    assert b"canary" not in (await dump(redis)).replace(b"'canary'", b"")
    lease = replace(await claim_again(stores, redis), question_id="q1")
    item = await begin(stores, lease)
    assert question_in(item).text == WITH_LINES
    assert (item.record.text, item.record.wording) == ("whole canary\nin lines", "worded canary")
    found = await stores.sessions.current(THREAD)
    assert found == session("canary")
    said = Exchange("asked canary\ntwice", "told canary", Person("U1"), at=1.0)
    assert await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600, exchange=said))
    assert question_in_unanswered(await stores.queue.unanswered(THREAD)) == WITH_LINES
    (kept_exchange,) = await stores.exchanges.of_thread(THREAD)
    assert (kept_exchange.question, kept_exchange.answer) == (said.question, said.answer)
    await begin(stores, lease)
    await stores.queue.dead_letter(replace(lease, question_id="q2"), "cannot", 600)
    assert [("waiting canary" in letter.question) for letter in await stores.dead_letters(10)] == [True]
    await stores.sessions.begin_end(THREAD, "canary", EndReason.COMMAND)
    assert b"jwt" not in await dump(redis)
    assert b" canary" not in await dump(redis)
    (ending,) = await stores.sessions.claim_ends(10, 60.0)
    assert ending.session.conversation.token == "jwt-canary"


async def test_no_name_and_no_address_stands_in_redis(with_keys: Open, redis: Redis) -> None:
    """A4: of the person who asks, in questions, sessions, exchanges, dead letters and of who took a thread over."""
    stores = with_keys(KEY)
    asked = ask("q1")
    person = Person("U1", "Ada Canary", "adacanary")
    asked = replace(asked, origin=replace(asked.origin, person=person, metadata={"link": "canary"}))
    await stores.inbox.append(asked)
    lease = replace(await claim(stores), question_id="q1")
    item = await begin(stores, lease)
    assert (item.queued.person, item.queued.origin.metadata) == (person, {"link": "canary"})
    bound_to = replace(session("c1"), user_identifier="canary@example.com")
    await stores.sessions.bind(lease, bound_to, 600)
    assert await stores.sessions.current(THREAD) == bound_to
    await stores.queue.record_sending(lease, "c1", 0)
    assert b"anary" not in await dump(redis)
    said = Exchange("asked", "told", person, at=1.0)
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600, exchange=said, end_reason=EndReason.HUMAN))
    assert b"anary" not in await dump(redis)
    (kept_exchange,) = await stores.exchanges.of_thread(THREAD)
    assert kept_exchange.person.name == "Ada Canary"
    take_over = await stores.take_overs.of_thread(THREAD)
    assert take_over is not None
    assert take_over.person == Person("U1", "Ada Canary")
    (ending,) = await stores.sessions.claim_ends(10, 60.0)
    assert ending.session.user_identifier == "canary@example.com"


async def test_the_name_of_who_commands_is_sealed_and_moves_along(with_keys: Open, redis: Redis) -> None:
    """A4: a thread may be a person's for days."""
    stores, old = with_keys(KEY), ThreadKey("telegram", "100", "-5", "17")
    asked = replace(origin("h1", old), person=Person("U1", "Ada Canary", "adacanary"), metadata={"link": "canary"})
    taking = Command(asked, CommandName.HUMAN)
    assert await stores.inbox.append(taking) is IntakeResult.ACCEPTED
    assert b"anary" not in await dump(redis)
    assert await stores.places.move("telegram", "100", "-5", "-1005") == 1
    assert b"anary" not in await dump(redis)
    item = await begin(stores, await claim(stores))
    assert (item.queued.person, item.queued.origin.metadata) == (asked.person, {"link": "canary"})
    (taken,) = await stores.take_overs.all_threads()
    assert taken.person.name == "Ada Canary"


async def claim_again(stores: RedisStores, redis: Redis) -> Lease:
    """Take the thread as another worker would after the first one died."""
    await redis.zadd(stores.keys.due, {str(THREAD): 0})
    return await claim(stores)


def question_in_unanswered(question: object) -> str:
    text = getattr(question, "text", None)
    assert isinstance(text, str)
    return text


async def test_parts_of_a_question_an_edit_and_a_retry_are_opened_too(with_keys: Open) -> None:
    """A4: scripts join sealed texts without reading them."""
    stores = with_keys(KEY)
    for name in ("one", "two\nlines", "three"):
        await stores.inbox.append(ask(name, text=name, joins_within_s=0.01))
    assert await stores.inbox.amend(Edit(origin("one"), "ONE\nedited")) is IntakeResult.AMENDED
    lease = await patiently_claimed(stores)
    assert question_in(await begin(stores, lease)).text == "ONE\nedited\ntwo\nlines\nthree"
    lease = replace(lease, question_id="one")
    assert not await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600))
    await stores.inbox.append(command("again", CommandName.RETRY))
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(replace(lease, question_id="again"), Settlement(Outcome.INTERRUPTED, 600))
    unanswered = await stores.queue.unanswered(THREAD)
    assert question_in_unanswered(unanswered) == "ONE\nedited\ntwo\nlines\nthree"
    assert unanswered is not None
    assert unanswered.id == "again"


async def patiently_claimed(stores: RedisStores) -> Lease:
    while (lease := await stores.queue.claim()) is None:
        await stores.queue.wait_for_work(0.02)
    return lease


async def test_keys_can_be_changed_and_what_was_in_the_clear_is_read(with_keys: Open) -> None:
    """A4: the older key behind the newer one; no key before."""
    clear, old, both, newer = with_keys(), with_keys(OLDER_KEY), with_keys(KEY, OLDER_KEY), with_keys(KEY)
    await bound(clear, "c1", OTHER)
    assert await old.sessions.current(OTHER) == await clear.sessions.current(OTHER)
    await bound(old, "c2", THREAD)
    assert await both.sessions.current(THREAD) == await old.sessions.current(THREAD)
    await both.inbox.append(ask("q9", text="words"))
    lease = await claim(newer)
    assert question_in(await begin(newer, lease)).text == "words"


@pytest.mark.parametrize("keys", [(), (KEY,)])
async def test_a_key_that_is_missing_loses_nothing(with_keys: Open, keys: Sequence[str]) -> None:
    """A4: the session counts as one of a store that is away, and its end waits for the key."""
    old = with_keys(OLDER_KEY)
    await bound(old, "c1", THREAD)
    other = with_keys(*keys)
    with pytest.raises(StoreUnavailable, match="BRIDGE_SECRET_KEY"):
        await other.sessions.current(THREAD)
    await other.sessions.begin_end(THREAD, "c1", EndReason.COMMAND)
    assert await other.sessions.claim_ends(10, 0.01) == []
    while not (ends := await old.sessions.claim_ends(10, 60.0)):
        await old.queue.wait_for_work(0.02)
    assert [end.session.conversation.token for end in ends] == ["jwt-c1"]


async def kept(redis: Redis, key: str, field: str) -> bytes:
    found: Any = await redis.hget(key, field)
    assert isinstance(found, bytes)
    return found


def text_in(body: bytes) -> bytes:
    return body.split(b'"text":')[1].split(b",")[0]


async def test_a_token_that_was_copied_to_another_session_is_refused(with_keys: Open, redis: Redis) -> None:
    """A29: who can write to Redis cannot have one person answered in another one's conversation."""
    stores = with_keys(KEY)
    await bound(stores, "c1", THREAD)
    await bound(stores, "c2", OTHER)
    stolen = await kept(redis, stores.keys.session(THREAD), "token")
    await redis.hset(stores.keys.session(OTHER), "token", stolen)
    with pytest.raises(StoreUnavailable, match="another place"):
        await stores.sessions.current(OTHER)


async def test_a_whole_session_that_was_copied_to_another_thread_is_refused(with_keys: Open, redis: Redis) -> None:
    """A29: of the same account; the token belongs to its thread."""
    stores = with_keys(KEY)
    beside = replace(THREAD, thread="18.5")
    await bound(stores, "c1", THREAD)
    await redis.copy(stores.keys.session(THREAD), stores.keys.session(beside))
    with pytest.raises(StoreUnavailable, match="another place"):
        await stores.sessions.current(beside)
    assert await stores.sessions.current(THREAD) is not None


async def test_whole_questions_and_answers_that_were_copied_to_another_thread_are_refused(
    with_keys: Open, redis: Redis
) -> None:
    """A29: of the same person and account: what waits, what was not answered, and what was said."""
    stores, beside = with_keys(KEY), replace(THREAD, thread="18.5")
    lease = replace(await begun(stores, "q1"), question_id="q1")
    await stores.queue.record_sending(lease, "c1", 0)
    said = Exchange("asked", "told", Person("U1"), at=1.0)
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600, exchange=said))
    await stores.inbox.append(ask("q2", text="a secret"))
    await stores.inbox.append(ask("q3", beside, text="harmless"))
    keys = stores.keys
    for key in (keys.unanswered, keys.exchanges):
        await redis.copy(key(THREAD), key(beside))
    await redis.hset(keys.bodies(beside), "q3", await kept(redis, keys.bodies(THREAD), "q2"))
    assert await stores.queue.unanswered(THREAD) is not None
    assert await stores.queue.unanswered(beside) is None
    assert len(await stores.exchanges.of_thread(THREAD)) == 1
    assert await stores.exchanges.of_thread(beside) == []
    leases = [await claim(stores), await claim(stores)]
    items = {lease.thread: await stores.queue.begin(lease) for lease in leases}
    assert (items[THREAD] is None, items[beside] is None) == (False, True)


async def test_what_is_sealed_moves_with_its_place(with_keys: Open, redis: Redis) -> None:
    """A29: a Telegram group that gets another id; under the old name nothing would open."""
    stores, old = with_keys(KEY), ThreadKey("telegram", "100", "-5", "17")
    new = replace(old, place="-1005")
    lease = replace(await begun(stores, "q1", thread=old), question_id="q1")
    await stores.sessions.bind(lease, session("c1", old), 600)
    await stores.queue.record_sending(lease, "c1", 0)
    said = Exchange("asked", "told", Person("U1"), at=1.0)
    assert not await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600, exchange=said))
    for name in ("q2", "q3"):
        await stores.inbox.append(ask(name, old, text=f"{name} says\nmore"))
    assert await stores.places.move("telegram", "100", "-5", "-1005") == 1
    assert b"says" not in await dump(redis)
    moved = await stores.sessions.current(new)
    assert moved is not None
    assert moved.conversation.token == "jwt-c1"
    assert question_in_unanswered(await stores.queue.unanswered(new)) == "q1"
    assert [one.answer for one in await stores.exchanges.of_thread(new)] == ["told"]
    lease = await claim(stores)
    for name in ("q2", "q3"):
        assert question_in(await begin(stores, lease)).text == f"{name} says\nmore"
        await stores.queue.settle(replace(lease, question_id=name), Settlement(Outcome.ANSWERED, 600))


async def test_tokens_that_an_earlier_build_sealed_still_open(with_keys: Open, redis: Redis) -> None:
    """A29: they had no name of a thread; a conversation that is open at the upgrade is ended all the same."""
    stores = with_keys(KEY)
    await bound(stores, "c1", THREAD)
    old = Sealing([KEY]).close("jwt-c1", "token:c1")
    await redis.hset(stores.keys.session(THREAD), "token", old)
    found = await stores.sessions.current(THREAD)
    assert found is not None
    assert found.conversation.token == "jwt-c1"


async def test_words_that_were_copied_to_another_persons_question_are_refused(with_keys: Open, redis: Redis) -> None:
    """A29: the question is set aside."""
    stores = with_keys(KEY)
    await stores.inbox.append(ask("q1", text="secret of Ada", person="U1"))
    await stores.inbox.append(ask("q2", OTHER, text="I ask", person="U2"))
    theirs, mine = (
        await kept(redis, stores.keys.bodies(THREAD), "q1"),
        await kept(redis, stores.keys.bodies(OTHER), "q2"),
    )
    await redis.hset(stores.keys.bodies(OTHER), "q2", mine.replace(text_in(mine), text_in(theirs)))
    leases = [await claim(stores), await claim(stores)]
    items = {lease.thread: await stores.queue.begin(lease) for lease in leases}
    assert items[OTHER] is None
    assert items[THREAD] is not None
    (letter,) = await stores.dead_letters(10)
    assert "another place" in letter.reason


def test_a_sealed_text_opens_under_its_own_name_alone() -> None:
    """A29: and not when it was changed."""
    sealing = Sealing([KEY])
    sealed = sealing.close("words", "mine")
    assert sealing.open(sealed, "mine") == "words"
    for forged, name in (
        (sealed, "yours"),
        (f"{sealed[:-5]}AAAA=", "mine"),
        (f"{MARK}x", "mine"),
        (f"{MARK}é", "mine"),
    ):
        with pytest.raises(Unreadable):
            sealing.open(forged, name)
    with pytest.raises(Unreadable, match="BRIDGE_SECRET_KEY is not set"):
        Sealing().open(sealed, "mine")
    assert Sealing().close("words", "mine") == "words"
