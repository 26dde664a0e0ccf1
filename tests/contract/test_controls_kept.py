"""What people press, and who may: stops, retries and ratings on a real server."""

from dataclasses import replace

from redis.asyncio import Redis

from adapters.redis_store import RedisStores
from bridge.domain.incoming import Command, CommandName, Edit, IntakeResult, Question, Withdrawal
from bridge.domain.limits.allowances import Asking
from bridge.domain.sessions import EndReason
from bridge.domain.turns import AnswerResult, Lease, Outcome, Settlement, token_of
from tests.contract.store_steps import (
    DONE,
    OTHER,
    THREAD,
    ask,
    begin,
    begun,
    bound,
    claim,
    command,
    rating,
    stop,
    stopped,
)


async def test_a_stop_is_for_the_question_at_the_head_and_for_no_later_one(stores: RedisStores) -> None:
    """S17: seen by the worker that has the thread, by the worker that takes it over, and gone with the turn."""
    assert await stores.inbox.stop(stop("s1")) is IntakeResult.NOTHING
    lease = await begun(stores, "q1", "q2")
    assert await stopped(stores, lease) == []
    assert await stores.inbox.stop(stop("s2")) is IntakeResult.STOPPED
    assert await stopped(stores, lease) == ["q1"]
    assert (await begin(stores, lease)).record.is_stopped
    assert await stores.queue.settle(lease, DONE)
    assert await stores.inbox.stop(stop("s2")) is IntakeResult.DUPLICATE
    assert await stopped(stores, lease) == []
    assert not (await begin(stores, lease)).record.is_stopped


async def test_a_press_stops_the_turn_it_is_about_and_no_other(stores: RedisStores) -> None:
    """S17: the button of an answer that is over does not stop the next one."""
    lease = await begun(stores, "q1", "q2")
    press = stop("s1", about=token_of("q2"))
    assert await stores.inbox.stop(press) is IntakeResult.NOTHING
    assert await stopped(stores, lease) == []
    press = stop("s2", about=token_of("q1"))
    assert await stores.inbox.stop(press) is IntakeResult.STOPPED
    assert await stopped(stores, lease) == ["q1"]


async def test_only_the_asker_and_the_opener_stop_an_answer_where_the_setting_says_so(stores: RedisStores) -> None:
    """A15: anybody else is refused; without the setting everybody may."""
    await bound(stores, "c1", THREAD)  # opened by U1
    await stores.inbox.append(ask("q1", person="U2"))
    assert await stores.inbox.stop(stop("s0", person="U3", owner_only=True)) is IntakeResult.NOT_YOURS
    assert not (await begin(stores, await claim(stores))).record.is_stopped
    for name, stopper in (("s1", "U1"), ("s2", "U2")):
        assert await stores.inbox.stop(stop(name, person=stopper, owner_only=True)) is IntakeResult.STOPPED
    assert await stores.inbox.stop(stop("s3", person="U3")) is IntakeResult.STOPPED


async def test_a_rating_is_written_down_once_and_as_long_as_the_answer_is_known(stores: RedisStores) -> None:
    await bound(stores, "c1", THREAD)
    lease = await begun(stores, "q1", "q2")
    about = token_of("q1")
    assert await stores.inbox.rate(rating("r0", about)) is IntakeResult.NOTHING
    await stores.queue.settle(lease, replace(DONE, may_be_rated=True, end_reason=EndReason.AGENT))
    assert await stores.inbox.rate(rating("r1", about, person="U7")) is IntakeResult.RATED
    assert await stores.inbox.rate(rating("r1", about, person="U7")) is IntakeResult.DUPLICATE
    assert await stores.inbox.rate(rating("r2", about, is_good=False)) is IntakeResult.RATED
    last, first = await stores.ratings(9)
    assert (last["rating"], first["rating"]) == ("bad", "good")
    assert (first["conversation"], first["person"], first["turn"]) == ("c1", "U7", token_of("q1"))
    assert (first["channel"], first["place"], first["thread"]) == (THREAD.channel, THREAD.place, THREAD.thread)
    await begin(stores, lease)
    await stores.queue.settle(lease, DONE)
    assert await stores.inbox.rate(rating("r3", token_of("q2"))) is IntakeResult.NOTHING


async def test_an_answer_can_be_rated_in_the_instant_before_its_turn_is_settled(stores: RedisStores) -> None:
    lease = await begun(stores, "q1")
    assert await stores.inbox.rate(rating("r0", token_of("q1"))) is IntakeResult.NOTHING  # nothing was asked yet
    await stores.queue.record_sending(lease, "c1", 0)
    await stores.queue.record_answer(lease, "whole", AnswerResult(Outcome.ANSWERED))
    assert await stores.inbox.rate(rating("r1", token_of("q1"))) is IntakeResult.RATED
    assert await stores.inbox.rate(rating("r2", token_of("q2"))) is IntakeResult.NOTHING
    (line,) = await stores.ratings(9)
    assert line["conversation"] == "c1"


async def test_a_retry_that_fails_too_takes_the_place_of_what_it_tried_again(stores: RedisStores) -> None:
    """S1: the button of the first failure is used up, that of the second one works."""
    lease = await begun(stores, "q1")
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600))
    retry = command("r1", CommandName.RETRY, person="U2", about=token_of("q1"))
    await stores.inbox.append(retry)
    lease = await claim(stores)
    assert (await begin(stores, lease)).queued == retry
    await stores.queue.settle(lease, Settlement(Outcome.REFUSED, 600))
    kept = await stores.queue.unanswered(THREAD)
    assert kept is not None
    assert (kept.id, kept.text, kept.person.id, kept.address) == ("r1", "q1", "U1", ask("q1").address)


async def test_a_question_that_waits_for_its_worker_can_be_stopped(stores: RedisStores) -> None:
    """S17: stopped before anybody began it."""
    await stores.inbox.append(ask("q1"))
    assert await stores.inbox.stop(stop("s1")) is IntakeResult.STOPPED
    assert (await begin(stores, await claim(stores))).record.is_stopped


async def test_the_question_whose_answer_was_not_whole_is_kept_until_one_is(stores: RedisStores) -> None:
    lease = await begun(stores, "q1", "q2", "q3")
    assert await stores.queue.unanswered(THREAD) is None
    await stores.queue.settle(lease, Settlement(Outcome.STOPPED, 600))
    kept = await stores.queue.unanswered(THREAD)
    assert kept is not None
    assert kept.id == "q1"
    await begin(stores, lease)
    await stores.queue.dead_letter(lease, "too many attempts", 600)
    kept = await stores.queue.unanswered(THREAD)
    assert kept is not None
    assert kept.id == "q2"
    await begin(stores, lease)
    await stores.queue.settle(lease, DONE)
    assert await stores.queue.unanswered(THREAD) is None


async def test_somebody_who_may_not_ask_leaves_the_session_as_it_was(stores: RedisStores, redis: Redis) -> None:
    """A15: no turn, no speaker, no later deadline: else a stranger could keep a paid conversation open."""
    await bound(stores, "c1", THREAD)
    before = await stores.sessions.current(THREAD)
    deadline = await redis.zscore(stores.keys.idle, str(THREAD))
    await stores.inbox.append(ask("q1", person="stranger", addressed=False))
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.EXCLUDED, idle_timeout_s=6000))
    assert await stores.sessions.current(THREAD) == before
    assert await redis.zscore(stores.keys.idle, str(THREAD)) == deadline


async def test_a_command_makes_nobody_a_speaker(stores: RedisStores) -> None:
    await bound(stores, "c1", THREAD)
    await stores.inbox.append(command("q1", CommandName.HELP, person="U2"))
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.COMMAND_DONE, idle_timeout_s=600))
    session = await stores.sessions.current(THREAD)
    assert session is not None
    assert not session.several_speak


async def test_a_stranger_makes_no_thread_known_and_none_unknown(stores: RedisStores) -> None:
    """A15: follow-ups of members are still heard after a person wrote who may not ask."""
    lease = await begun(stores, "q1")
    await stores.queue.settle(lease, DONE)
    await stores.inbox.append(ask("q2", person="stranger"))
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.EXCLUDED, idle_timeout_s=600))
    assert await stores.inbox.append(ask("q3", addressed=False)) is IntakeResult.ACCEPTED

    await stores.inbox.append(ask("q4", OTHER, person="stranger"))
    threads = [await claim(stores), await claim(stores)]
    lease = next(lease for lease in threads if lease.thread == OTHER)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.EXCLUDED, idle_timeout_s=600))
    assert await stores.inbox.append(ask("q5", OTHER, addressed=False)) is IntakeResult.NOT_ADDRESSED


async def test_a_press_that_found_no_room_may_be_made_again(stores: RedisStores) -> None:
    """A turn is tried again once, but not never."""
    for number in range(50):
        await stores.inbox.append(ask(f"q{number}"))

    def press(name: str) -> Command:
        return command(name, CommandName.RETRY, aliases=["retry of q0"], about=token_of("q0"))

    assert await stores.inbox.append(press("p1")) is IntakeResult.FULL
    assert await stores.inbox.append(press("p1")) is IntakeResult.DUPLICATE  # the same press, delivered again
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(lease, DONE)
    assert await stores.inbox.append(press("p2")) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(press("p3")) is IntakeResult.DUPLICATE


async def test_an_answered_question_that_is_edited_can_be_tried_again_once_and_not_where_it_was_deleted(
    stores: RedisStores,
) -> None:
    """M6: what was deleted stays answered."""
    lease = await begun(stores, "q1", "q2", "q3")
    await stores.queue.settle(lease, DONE)
    assert await stores.inbox.amend(Edit(ask("q1").origin, "q1")) is IntakeResult.NOT_ADDRESSED
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.OFFERED
    kept = await stores.queue.unanswered(THREAD)
    assert kept is not None
    assert (kept.id, kept.text) == ("q1", "new words")
    assert await stores.inbox.amend(Edit(ask("q1").origin, "newer words")) is IntakeResult.NOT_ADDRESSED
    assert await stores.inbox.amend(Withdrawal(ask("q1").origin)) is IntakeResult.NOT_ADDRESSED
    assert await stores.queue.unanswered(THREAD) is None

    for name, outcome in (("q2", Outcome.ANSWERED), ("q3", Outcome.INTERRUPTED)):
        await begin(stores, lease)
        assert await stores.inbox.amend(Withdrawal(ask(name).origin)) is IntakeResult.NOT_ADDRESSED
        await stores.queue.settle(lease, Settlement(outcome, 600))
        assert await stores.inbox.amend(Edit(ask(name).origin, "new words")) is IntakeResult.NOT_ADDRESSED
        assert await stores.queue.unanswered(THREAD) is None


async def _replaces(stores: RedisStores) -> tuple[str, ...]:
    kept = await stores.queue.unanswered(THREAD)
    return () if kept is None else kept.replaces


async def _shown(stores: RedisStores, lease: Lease, *message_ids: str) -> None:
    await stores.queue.record_shown(lease, message_ids, "Hello", has_begun=True)


async def test_an_edited_question_knows_the_messages_of_its_answer_and_a_failed_one_does_not(
    stores: RedisStores,
) -> None:
    """M6: those of the answer that people see last, however often it is edited and asked again."""
    lease = await begun(stores, "q1")
    await _shown(stores, lease, "m1", "m2")
    await stores.queue.settle(lease, DONE)
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.OFFERED
    await stores.inbox.amend(Edit(ask("q1").origin, "newer words"))
    assert await _replaces(stores) == ("m1", "m2")

    await stores.inbox.append(command("r1", CommandName.RETRY))
    lease = await claim(stores)
    await begin(stores, lease)
    await _shown(stores, lease, "m1", "m2", "m3")
    await stores.queue.settle(lease, DONE)
    assert await stores.inbox.amend(Edit(ask("q1").origin, "newest words")) is IntakeResult.OFFERED
    assert await _replaces(stores) == ("m1", "m2", "m3")

    await stores.inbox.append(command("r2", CommandName.RETRY))
    lease = await claim(stores)
    await begin(stores, lease)
    await _shown(stores, lease, "m4")
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600))
    assert await _replaces(stores) == ("m4",)

    lease = await begun(stores, "q2")
    await _shown(stores, lease, "m5")
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600))
    assert await _replaces(stores) == ()
    await stores.inbox.append(command("r3", CommandName.RETRY))
    lease = await claim(stores)
    await begin(stores, lease)
    await stores.queue.settle(lease, Settlement(Outcome.INTERRUPTED, 600))
    assert await _replaces(stores) == ()


async def test_an_edit_before_its_turn_is_settled_knows_the_messages_too(stores: RedisStores) -> None:
    """M6: people see the answer already."""
    lease = await begun(stores, "q1")
    await _shown(stores, lease, "m1")
    await stores.queue.record_answer(lease, "whole", AnswerResult(Outcome.ANSWERED))
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.OFFERED
    await stores.queue.settle(lease, DONE)
    assert await _replaces(stores) == ("m1",)


async def test_a_question_at_work_that_is_edited_is_asked_anew_once_before_all_others(stores: RedisStores) -> None:
    """M6: the old answer is stopped, and the new one knows its messages."""
    lease = await begun(stores, "q1", "q2")
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.ASKED_ANEW
    assert await stores.inbox.amend(Edit(ask("q1").origin, "newer words")) is IntakeResult.AMENDED
    assert (await begin(stores, lease)).record.is_stopped
    await _shown(stores, lease, "m1", "m2")
    assert await stores.queue.settle(lease, Settlement(Outcome.STOPPED, 600))
    again = (await begin(stores, lease)).queued
    assert isinstance(again, Question)
    assert (again.id, again.text, again.replaces) == ("edited:q1", "newer words", ("m1", "m2"))
    assert await stores.queue.settle(lease, DONE)
    assert (await begin(stores, lease)).queued.id == "q2"


async def test_a_question_that_is_changed_again_while_its_new_words_are_answered_is_offered_once(
    stores: RedisStores,
) -> None:
    """M6: with the newest words, whether that answer comes out whole or not."""
    for name, outcome in (("q1", Outcome.ANSWERED), ("q2", Outcome.INTERRUPTED)):
        lease = await begun(stores, name)
        assert await stores.inbox.amend(Edit(ask(name).origin, "new words")) is IntakeResult.ASKED_ANEW
        assert await stores.queue.settle(lease, Settlement(Outcome.STOPPED, 600))
        await begin(stores, lease)
        await _shown(stores, lease, "m1")
        assert await stores.inbox.amend(Edit(ask(name).origin, "newer words")) is IntakeResult.OFFERED
        assert await stores.inbox.amend(Edit(ask(name).origin, "newest words")) is IntakeResult.NOT_ADDRESSED
        assert not await stores.queue.settle(lease, Settlement(outcome, 600))
        kept = await stores.queue.unanswered(THREAD)
        assert kept is not None
        assert (kept.first_id, kept.text) == (name, "newest words")
        assert kept.replaces == (("m1",) if outcome is Outcome.ANSWERED else ())


async def test_a_question_that_is_changed_after_its_new_words_were_answered_is_offered_too(
    stores: RedisStores,
) -> None:
    """M6: however often people change their words, none of them is passed over."""
    lease = await begun(stores, "q1")
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.ASKED_ANEW
    assert await stores.queue.settle(lease, Settlement(Outcome.STOPPED, 600))
    await begin(stores, lease)
    await _shown(stores, lease, "m1")
    assert not await stores.queue.settle(lease, DONE)
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.NOT_ADDRESSED
    assert await stores.inbox.amend(Edit(ask("q1").origin, "newer words")) is IntakeResult.OFFERED
    kept = await stores.queue.unanswered(THREAD)
    assert kept is not None
    assert (kept.first_id, kept.text, kept.replaces) == ("q1", "newer words", ("m1",))
    assert await stores.inbox.amend(Withdrawal(ask("q1").origin)) is IntakeResult.NOT_ADDRESSED
    assert await stores.queue.unanswered(THREAD) is None


async def test_new_words_that_wait_are_dropped_with_their_message(stores: RedisStores) -> None:
    """M6: neither they nor the old ones are asked again."""
    lease = await begun(stores, "q1", "q2")
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.ASKED_ANEW
    assert await stores.inbox.amend(Withdrawal(ask("q1").origin)) is IntakeResult.AMENDED
    assert await stores.queue.settle(lease, Settlement(Outcome.STOPPED, 600))
    assert await stores.queue.unanswered(THREAD) is None
    assert (await begin(stores, lease)).queued.id == "q2"


async def test_an_edit_between_the_whole_answer_and_its_settling_is_one_offer_with_the_newest_words(
    stores: RedisStores,
) -> None:
    """M6: people see the answer already."""
    lease = await begun(stores, "q1")
    await stores.queue.record_answer(lease, "whole", AnswerResult(Outcome.ANSWERED))
    assert await stores.inbox.amend(Edit(ask("q1").origin, "other words")) is IntakeResult.OFFERED
    assert await stores.inbox.amend(Edit(ask("q1").origin, "new words")) is IntakeResult.NOT_ADDRESSED
    await stores.queue.settle(lease, DONE)
    kept = await stores.queue.unanswered(THREAD)
    assert kept is not None
    assert (kept.id, kept.text) == ("q1", "new words")


async def test_nothing_is_stored_of_a_question_over_the_limit_of_an_hour(stores: RedisStores) -> None:
    """A20: its words are nowhere, a redelivery says nothing new, and what waits is asked."""
    assert await stores.inbox.append(ask("q1"), 1) is IntakeResult.ACCEPTED
    assert await stores.inbox.append(ask("q2", OTHER, text="a secret"), 1) is IntakeResult.ACCEPTED  # another account
    for name in ("q3", "q4"):
        assert await stores.inbox.append(ask(name, text="a secret"), 1) is IntakeResult.OVER
        assert await stores.inbox.append(ask(name, text="a secret"), 1) is IntakeResult.DUPLICATE
    assert await stores.commands.call("LRANGE", stores.keys.inbox(THREAD), 0, -1) == [b"q1"]
    assert await stores.commands.call("HKEYS", stores.keys.bodies(THREAD)) == [b"q1"]
    asking = Asking(THREAD, "U1", "q3")
    assert 3_500 < await stores.allowances.hour_wait_s(asking, 1) <= 3_600
    assert await stores.allowances.hour_wait_s(asking, 2) == 0
    assert await stores.inbox.append(ask("q5"), 0) is IntakeResult.ACCEPTED  # no limit


async def test_a_question_that_is_deleted_while_it_waits_gives_its_place_in_the_hour_back_once(
    stores: RedisStores, redis: Redis
) -> None:
    """A20: not one that is at work, not one that was answered, and not another person's."""
    hour = stores.keys.allowance("hour", THREAD.channel, THREAD.account, "U1")
    for name in ("q1", "q2", "q3"):
        assert await stores.inbox.append(ask(name), 3) in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
    assert await stores.inbox.append(ask("q4"), 3) is IntakeResult.OVER
    assert (await begin(stores, await claim(stores))).queued.id == "q1"

    assert await stores.inbox.amend(Withdrawal(ask("q3").origin)) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Withdrawal(ask("q3").origin)) is IntakeResult.NOT_ADDRESSED
    assert await stores.inbox.amend(Withdrawal(ask("q2", person="U2").origin)) is IntakeResult.AMENDED
    assert await stores.inbox.amend(Withdrawal(ask("q1").origin)) is IntakeResult.NOT_ADDRESSED
    assert sorted(await redis.zrange(hour, 0, -1)) == [b"q1", b"q2"]
    assert await stores.inbox.append(ask("q3"), 3) is IntakeResult.DUPLICATE
    assert await stores.inbox.append(ask("q5"), 3) in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
    assert await stores.inbox.append(ask("q6"), 3) is IntakeResult.OVER


async def test_a_press_over_the_limit_of_an_hour_may_be_made_again(stores: RedisStores) -> None:
    """A20: when the hour is over, the button still works."""
    await stores.inbox.append(ask("q1"), 1)
    press = command("p1", CommandName.RETRY, aliases=("retry:t1",), about="t1")
    assert await stores.inbox.append(press, 1) is IntakeResult.OVER
    later = command("p2", CommandName.RETRY, aliases=("retry:t1",), about="t1")
    assert await stores.inbox.append(later, 2) is IntakeResult.ACCEPTED
