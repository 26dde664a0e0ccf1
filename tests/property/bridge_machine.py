"""What may happen to the bridge: the rules that Hypothesis draws from."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from bridge.domain.incoming import CommandName, Edit, Withdrawal
from bridge.domain.threads import ThreadKey
from tests.property.bridge_agent import Fault, Plan
from tests.property.bridge_host import KEYS
from tests.property.bridge_jumps import EPOCH
from tests.property.bridge_strategies import (
    agent_faults,
    channel_faults,
    channel_names,
    one_of,
    pauses,
    plans,
    steps,
    texts,
    threads,
    whichever,
)
from tests.property.bridge_world import MOST_JUMP_S, MOST_WORKERS, World

_GROW_OLD = """if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  redis.call('HSET', KEYS[1], 'opened_at', ARGV[1])
  return redis.call('HGET', KEYS[1], 'conversation_id')"""


class Bridge(World):
    """Random questions, random faults, random times."""

    # ------------------------------------------------------------ people

    @rule(thread=threads, text=texts, after_s=pauses)
    def somebody_asks(self, thread: ThreadKey, text: str, after_s: float) -> None:
        self.send(thread, text)
        self.wait(after_s)

    @rule(thread=threads, text=texts, plan=plans, after_s=pauses)
    def somebody_asks_what_is_hard(self, thread: ThreadKey, text: str, plan: Plan, after_s: float) -> None:
        self.agent.plans.append(plan)
        self.send(thread, text)
        self.wait(after_s)

    @rule(asked=st.lists(st.tuples(threads, texts, plans), min_size=2, max_size=5), after_s=pauses)
    def several_ask_at_once(self, asked: list[tuple[ThreadKey, str, Plan]], after_s: float) -> None:
        for thread, text, plan in asked:
            self.agent.plans.append(plan)
            self.send(thread, text)
        self.wait(after_s)

    @rule(thread=threads, name=st.sampled_from([CommandName.NEW, CommandName.END]), after_s=pauses)
    def somebody_commands(self, thread: ThreadKey, name: CommandName, after_s: float) -> None:
        self.send(thread, name)
        self.wait(after_s)

    @rule(which=whichever)
    def a_message_is_delivered_again(self, which: int) -> None:
        if self.sent:
            self.run(self.deliver(self.sent[one_of(sorted(self.sent), which)]))

    @rule(which=whichever, withdrawn=st.booleans())
    def a_question_is_changed(self, which: int, withdrawn: bool) -> None:  # noqa: FBT001 - drawn by its name
        if not self.waiting:
            return
        name = one_of(self.waiting, which)
        origin = self.sent[name].origin
        self.run(self.deliver(Withdrawal(origin) if withdrawn else Edit(origin, "in other words")))

    @rule()
    def what_was_not_acknowledged_comes_again(self) -> None:
        self.run(self.redeliver())

    # ------------------------------------------------------------ workers

    @rule()
    def a_worker_starts(self) -> None:
        if sum(host.is_there and not host.is_paused for host, _ in self.hosts) < MOST_WORKERS:
            self.run(self.start_worker())

    @rule(which=whichever, calls=steps, after_s=pauses, is_replaced=st.booleans())
    def a_worker_is_killed(self, which: int, calls: int, after_s: float, is_replaced: bool) -> None:  # noqa: FBT001 - drawn by its name
        """At one of its next calls to the outside."""
        self.pick(which).steps_to_live = calls
        self.wait(after_s)
        if is_replaced:
            self.a_worker_starts()

    @rule(which=whichever, calls=steps, for_s=st.sampled_from([5.0, 35.0, 100.0]))
    def a_worker_is_paused(self, which: int, calls: int, for_s: float) -> None:
        host = self.pick(which)
        host.steps_to_pause = calls
        self.runner.get_loop().call_later(for_s, host.wake)

    @rule(
        thread=threads,
        plan=plans,
        calls=steps,
        for_s=st.sampled_from([0.0, 0.0, 38.0, 100.0]),
        after_s=st.sampled_from([0.0, 4.0, 45.0]),
    )
    def all_workers_die_or_pause_in_a_turn(
        self, thread: ThreadKey, plan: Plan, calls: int, for_s: float, after_s: float
    ) -> None:
        """And a new one starts."""
        self.agent.plans.insert(0, plan)
        self.send(thread, "ok")
        for host, _ in self.hosts:
            if for_s:
                host.steps_to_pause = calls
                self.runner.get_loop().call_later(for_s, host.wake)
            else:
                host.steps_to_live = calls
        self.wait(4.0)
        self.a_worker_starts()
        self.wait(after_s)

    @rule(which=whichever, after_s=pauses)
    def a_worker_is_stopped(self, which: int, after_s: float) -> None:
        self.pick(which).stop.set()
        self.wait(after_s)

    # ------------------------------------------------------------ the outside fails

    @rule(for_s=st.sampled_from([2.0, 20.0, 50.0]), after_s=pauses)
    def redis_goes_away(self, for_s: float, after_s: float) -> None:
        self.store.go_down()
        self.runner.get_loop().call_later(for_s, self.store.come_back)
        self.wait(after_s)

    @rule(spare=st.integers(0, 15), answers=st.integers(1, 2), after_s=pauses)
    def redis_loses_answers(self, spare: int, answers: int, after_s: float) -> None:
        self.store.spare, self.store.answers_to_lose = spare, answers
        self.wait(after_s)

    @rule(failing=agent_faults, times=st.integers(1, 6), after_s=pauses)
    def the_agent_fails(self, failing: tuple[str, Fault], times: int, after_s: float) -> None:
        operation, fault = failing
        self.agent.faults[operation] += [fault] * times
        self.wait(after_s)

    @rule(which=whichever)
    def the_agent_forgets_a_conversation(self, which: int) -> None:
        open_ones = [talk for talk in self.agent.talks.values() if talk.is_open]
        if open_ones:
            one_of(open_ones, which).is_known = False

    @rule(thread=threads, after_s=pauses)
    def a_place_goes_or_comes_back(self, thread: ThreadKey, after_s: float) -> None:
        """The bot is removed from it, or added again."""
        self.channels[thread.channel].gone ^= {str(thread)}
        self.wait(after_s)

    @rule(name=channel_names, word=st.sampled_from(["w0", "w1", "w5", "w11", ""]))
    def a_channel_refuses_pages(self, name: str, word: str) -> None:
        """Those that hold a word, until another one is drawn."""
        self.channels[name].refuses = word

    @rule(by_s=st.sampled_from([300.0, MOST_JUMP_S, -300.0, -MOST_JUMP_S]), after_s=pauses)
    def redis_clock_jumps(self, by_s: float, after_s: float) -> None:
        """And back the next time."""
        self.wait(self.store.clock.settles_in_s)
        self.store.clock.jump(-self.store.clock.ahead_s or by_s)
        self.wait(after_s)

    @rule(thread=threads, text=texts, old_after_s=st.sampled_from([0.3, 4.0, 10.0]), after_s=pauses)
    def somebody_asks_again_after_a_day(self, thread: ThreadKey, text: str, old_after_s: float, after_s: float) -> None:
        """The session is as old as if it had been opened 21 hours ago."""
        self.send(thread, "ok")
        self.wait(old_after_s)
        now = self.runner.get_loop().time()
        opened_at = repr(EPOCH + now - 21 * 3600.0)
        grown: bytes | None = self.run(self.store.look("EVAL", _GROW_OLD, 1, KEYS.session(thread), opened_at))
        if grown:
            self.agent.talks[grown.decode()].grew_old_at = now
        self.wait(0.05)
        self.send(thread, text)
        self.wait(after_s)

    @rule(name=channel_names, faults=st.lists(channel_faults, min_size=1, max_size=4))
    def a_channel_fails(self, name: str, faults: list[Fault]) -> None:
        self.channels[name].faults += faults

    @rule(which=whichever, after_s=pauses)
    def somebody_deletes_a_reply(self, which: int, after_s: float) -> None:
        messages = [message for book in self.channels.values() for message in book.messages.values()]
        if messages:
            one_of(messages, which).is_deleted = True
        self.wait(after_s)

    @rule(seconds=st.sampled_from([0.3, 1.0, 3.0, 10.0, 35.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.wait(seconds)

    # ------------------------------------------------------------ at rest

    @rule()
    def everything_settles(self) -> None:
        self.run(self.come_to_rest())
        self.judge()
