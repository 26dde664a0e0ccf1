"""Values and steps that the tests of the stores share."""

from collections.abc import Awaitable, Callable, Sequence

from adapters.redis_store import RedisStores
from bridge.domain.incoming import Command, CommandName, IntakeResult, Origin, Question, Rating, Stop
from bridge.domain.sessions import Conversation, Session
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.domain.turns import InboxItem, Lease, Outcome, Settlement

LetTimePass = Callable[[float], Awaitable[None]]

THREAD = ThreadKey("slack", "T1", "C:1", "17.5")
OTHER = ThreadKey("telegram", "bot", "-100", "")
DONE = Settlement(Outcome.ANSWERED, idle_timeout_s=600)


def origin(
    name: str,
    thread: ThreadKey = THREAD,
    *,
    aliases: Sequence[str] = (),
    addressed: bool = True,
    person: str = "U1",
) -> Origin:
    return Origin(
        id=name,
        dedupe_keys=(name, *aliases),
        thread=thread,
        address=Address("T1", "C:1", "17.5", reply_to="9"),
        person=Person(person, "Ada"),
        asked_at=1.25,
        addressed=addressed,
        metadata={"team": "T1"},
    )


def ask(
    name: str,
    thread: ThreadKey = THREAD,
    *,
    aliases: Sequence[str] = (),
    addressed: bool = True,
    text: str = "",
    person: str = "U1",
    joins_within_s: float = 0.0,
) -> Question:
    asked = origin(name, thread, aliases=aliases, addressed=addressed, person=person)
    return Question(asked, text or name, joins_within_s)


def command(
    name: str, wish: CommandName, *, aliases: Sequence[str] = (), person: str = "U1", about: str = ""
) -> Command:
    return Command(origin(name, aliases=aliases, person=person), wish, about)


def stop(name: str, *, person: str = "U1", about: str = "", owner_only: bool = False) -> Stop:
    return Stop(origin(name, person=person), about, owner_only)


def rating(name: str, about: str, *, person: str = "U1", is_good: bool = True) -> Rating:
    return Rating(origin(name, person=person), about, is_good)


def session(conversation_id: str, thread: ThreadKey = THREAD) -> Session:
    return Session(thread, Conversation(conversation_id, f"jwt-{conversation_id}"), "Ada", "U1", "u@example.com", 5.5)


async def claim(stores: RedisStores) -> Lease:
    lease = await stores.queue.claim()
    assert lease is not None
    return lease


async def begin(stores: RedisStores, lease: Lease) -> InboxItem:
    entry = await stores.queue.begin(lease)
    assert entry is not None
    return entry


def question_in(entry: InboxItem) -> Question:
    assert isinstance(entry.queued, Question)
    return entry.queued


async def begun(stores: RedisStores, *names: str, thread: ThreadKey = THREAD) -> Lease:
    """Append these questions, claim their thread and begin with the first."""
    for name in names or ("q1",):
        assert await stores.inbox.append(ask(name, thread)) in {IntakeResult.ACCEPTED, IntakeResult.QUEUED}
    lease = await claim(stores)
    assert lease.thread == thread
    await begin(stores, lease)
    return lease


async def bound(stores: RedisStores, conversation_id: str, thread: ThreadKey, idle_timeout_s: float = 600) -> None:
    """Leave a thread without work, bound to this conversation."""
    lease = await begun(stores, f"q-{conversation_id}", thread=thread)
    await stores.sessions.bind(lease, session(conversation_id, thread), idle_timeout_s)
    assert not await stores.queue.settle(lease, Settlement(Outcome.ANSWERED, idle_timeout_s))


async def lost(stores: RedisStores, *leases: Lease) -> list[Lease]:
    """Renew these leases and return those that were lost."""
    return list((await stores.queue.renew(leases)).lost)


async def stopped(stores: RedisStores, *leases: Lease) -> list[str]:
    """Renew these leases and return the questions whose answers a person stopped."""
    return list((await stores.queue.renew(leases)).stopped)


def number_of(lease: Lease) -> int:
    """Return the number in front of a fence: it goes up with every claim."""
    return int(lease.fence.partition("-")[0])
