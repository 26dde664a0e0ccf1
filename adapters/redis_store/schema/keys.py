"""The one place that knows key names, and what is kept under them."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from bridge.domain.threads import ThreadKey


@dataclass(frozen=True, slots=True)
class Keys:
    """Key names under one prefix. Places in a key are percent-encoded, so that no two things share one.

    A cluster wants all keys of one script in one slot: there the prefix stands in braces, so that its hash alone
    chooses the slot.
    """

    prefix: str

    @property
    def due(self) -> str:
        """Sorted set: threads that have work, by the earliest time (ms) at which they may be taken."""
        return f"{self.prefix}:due"

    @property
    def askers(self) -> str:
        """Hash: thread to the person who asked what waits first there. A hint for `claim.lua`, no more."""
        return f"{self.prefix}:askers"

    @property
    def served(self) -> str:
        """Sorted set: people, by the number of the claim by which a thread of theirs was taken last."""
        return f"{self.prefix}:served"

    @property
    def leases(self) -> str:
        """Hash: thread to the fence of the worker that took it last; gone once it was given back.

        A fence is a number that goes up, a dash, and the request by which the worker took the thread.
        """
        return f"{self.prefix}:leases"

    @property
    def fence(self) -> str:
        """Counter: the last fence given out."""
        return f"{self.prefix}:fence"

    @property
    def bell(self) -> str:
        """List: one item for each worker to wake."""
        return f"{self.prefix}:bell"

    @property
    def dead(self) -> str:
        """List: questions that were set aside, newest first, as JSON."""
        return f"{self.prefix}:dead"

    @property
    def counters(self) -> str:
        """Hash: how often each thing happened."""
        return f"{self.prefix}:counters"

    @property
    def idle(self) -> str:
        """Sorted set: threads that have a session, by its idle deadline (ms)."""
        return f"{self.prefix}:idle"

    @property
    def ends(self) -> str:
        """Sorted set: conversations to end, by the time (ms) of the next try."""
        return f"{self.prefix}:ends"

    @property
    def endings(self) -> str:
        """Hash: conversation to its session, reason and date, as JSON."""
        return f"{self.prefix}:endings"

    @property
    def end_attempts(self) -> str:
        """Hash: conversation to the number of tries to end it."""
        return f"{self.prefix}:end_attempts"

    @property
    def openings(self) -> str:
        """Hash: conversations about to be opened, as JSON, by the opening's id."""
        return f"{self.prefix}:openings"

    @property
    def opening_due(self) -> str:
        """Sorted set: the ids of those, by the time (ms) at which they count as lost."""
        return f"{self.prefix}:opening_due"

    @property
    def quota(self) -> str:
        """Hash: what is left of TalkifAI's organisation limit."""
        return f"{self.prefix}:quota"

    @property
    def clock(self) -> str:
        """String: by how much (ms) this server's clock is known to have jumped. Deadlines leave that out."""
        return f"{self.prefix}:jumps"

    @property
    def epoch(self) -> str:
        """String: changes when the server has forgotten everything."""
        return f"{self.prefix}:epoch"

    @property
    def drops(self) -> str:
        """Stream: in which threads what was said was dropped, and when (ms); no name: in all."""
        return f"{self.prefix}:drops"

    @property
    def workers(self) -> str:
        """Sorted set: workers, by when (ms) they were last heard of."""
        return f"{self.prefix}:workers"

    def claimed(self, worker: str) -> str:
        """Hash: what the worker's last claim of a thread got."""
        return f"{self.prefix}:claimed:{worker}"

    def request(self, name: str) -> str:
        """String: the answer to a request that may come again, for a minute."""
        return f"{self.prefix}:request:{name}"

    def claimed_ends(self, worker: str) -> str:
        """Hash: what the worker's last claim of ends got."""
        return f"{self.prefix}:claimed_ends:{worker}"

    def stops(self, worker: str) -> str:
        """List: questions at work in this worker whose answers a person stopped."""
        return f"{self.prefix}:stops:{worker}"

    def leader(self, name: str) -> str:
        """String: who does what only one worker may do."""
        return f"{self.prefix}:leader:{_quoted(name)}"

    def told_queued(self, thread: ThreadKey) -> str:
        """Mark: a notice in the thread said that questions wait."""
        return f"{self.prefix}:told_queued:{thread}"

    def burst(self, thread: ThreadKey, person_id: str) -> str:
        """String: the question to which the person's next message is added, as long as this is there."""
        return f"{self.prefix}:burst:{thread}:{_quoted(person_id)}"

    def told_wordless(self, thread: ThreadKey) -> str:
        """Mark: a notice in the thread's place said that only text is read."""
        place = (thread.channel, thread.account, thread.place)
        return f"{self.prefix}:told_wordless:{':'.join(map(_quoted, place))}"

    @property
    def ledger(self) -> str:
        """Stream: one line for each conversation that was ended."""
        return f"{self.prefix}:ledger"

    @property
    def ratings(self) -> str:
        """Stream: one line for each rating of an answer."""
        return f"{self.prefix}:ratings"

    def answer(self, turn_token: str) -> str:
        """String: the conversation that the turn's answer is of, as long as it may be rated."""
        return f"{self.prefix}:answer:{_quoted(turn_token)}"

    def inbox(self, thread: ThreadKey) -> str:
        """List: ids of the questions that wait, the one at work first."""
        return f"{self.prefix}:inbox:{thread}"

    def bodies(self, thread: ThreadKey) -> str:
        """Hash: question id to the question, as JSON. What was added to a question stands under its own id too.

        `parts:<id>` is then the list of those ids, as JSON, `size:<id>` the characters of all, and `owner:<id>` leads
        from a part to its question. When the question is begun they become one.
        """
        return f"{self.prefix}:bodies:{thread}"

    def turn(self, thread: ThreadKey) -> str:
        """Hash: the record of the turn of the question at the head."""
        return f"{self.prefix}:turn:{thread}"

    def unanswered(self, thread: ThreadKey) -> str:
        """String: the last question, as JSON, where its answer did not come out whole."""
        return f"{self.prefix}:unanswered:{thread}"

    def answered(self, thread: ThreadKey) -> str:
        """String: the question that was answered last, as JSON: it may be edited."""
        return f"{self.prefix}:answered:{thread}"

    def exchanges(self, thread: ThreadKey) -> str:
        """Sorted set: what was said last in the thread, as JSON, by when (ms) it was answered."""
        return f"{self.prefix}:exchanges:{thread}"

    def taken(self, thread: ThreadKey) -> str:
        """Hash: the person who has the thread, and since when (ms); there while a person has it."""
        return f"{self.prefix}:taken:{thread}"

    @property
    def taken_due(self) -> str:
        """Sorted set: threads that people have, by the time (ms) at which the agent gets them back."""
        return f"{self.prefix}:taken_due"

    def overheard(self, thread: ThreadKey) -> str:
        """List: what was said while a person had the thread, as JSON of questions, oldest first."""
        return f"{self.prefix}:overheard:{thread}"

    def summary(self, thread: ThreadKey) -> str:
        """String: the agent's summary from which the thread goes on, as JSON."""
        return f"{self.prefix}:summary:{thread}"

    def known(self, thread: ThreadKey) -> str:
        """Mark: the bridge takes part in this thread."""
        return f"{self.prefix}:known:{thread}"

    def session(self, thread: ThreadKey) -> str:
        """Hash: the session that the thread is bound to."""
        return f"{self.prefix}:session:{thread}"

    def opened_by(self, channel: str, account: str, person_id: str) -> str:
        """Set: threads in which the person opened a session that may still be open."""
        return f"{self.prefix}:opened_by:{_quoted(channel)}:{_quoted(account)}:{_quoted(person_id)}"

    def seen(self, dedupe_key: str) -> str:
        """Mark: this message came in before."""
        return f"{self.prefix}:seen:{_quoted(dedupe_key)}"

    def pace(self, kind: str, scope: str) -> str:
        """What is known of a scope of calls to a channel, by its kind.

        `calls`, `live`, `unshown` and `queue` are sorted sets, `state` is a hash; `scripts/pace_take.lua`
        says what they hold.
        """
        return f"{self.prefix}:pace:{kind}:{_quoted(scope)}"

    def reply_root(self, account: str, place: str, message_id: str) -> str:
        """String: the root of the chain that the message is in."""
        return f"{self.prefix}:root:{_quoted(account)}:{_quoted(place)}:{_quoted(message_id)}"

    def allowance(self, kind: str, *whose: str) -> str:
        """What is used, and by whom.

        `hour` and `asked` (questions of a person that were stored, that were asked), `live` and `waiting` (threads in
        which a person is or is to be answered) and `opened` (threads with a person's session) are sorted sets;
        `person`, `place` and `total` are hashes, a day's budgets; `counted` is the mark of a question whose tokens were
        counted.
        """
        return ":".join((f"{self.prefix}:allowance:{kind}", *map(_quoted, whose)))

    def records(self, group: str) -> str:
        """Hash: what a channel keeps by itself, by name."""
        return f"{self.prefix}:records:{_quoted(group)}"

    def used(self, group: str, name: str) -> str:
        """Mark: something that is good once was used."""
        return f"{self.prefix}:used:{_quoted(group)}:{_quoted(name)}"

    def of_thread(self, thread: ThreadKey) -> tuple[str, ...]:
        """All that one thread has, in the order in which `move.lua` takes it."""
        return (
            *(self.inbox(thread), self.bodies(thread), self.turn(thread), self.known(thread), self.session(thread)),
            *(self.unanswered(thread), self.told_queued(thread)),
            *(self.exchanges(thread), self.answered(thread), self.taken(thread), self.overheard(thread)),
            self.summary(thread),
        )

    def last_active_thread(self, channel: str, account: str, place: str) -> str:
        """String: the thread that was active last of those that were moved to this place."""
        return f"{self.prefix}:heir:{_quoted(channel)}:{_quoted(account)}:{_quoted(place)}"


def milliseconds(seconds: float) -> int:
    """Convert a duration to Redis's unit; at least 1, because Redis refuses a life of 0."""
    return max(1, round(seconds * 1000))


# People, accounts and scopes come again with each step.
@lru_cache(maxsize=2048)
def _quoted(part: str) -> str:
    return quote(part, safe="", errors="surrogatepass")
