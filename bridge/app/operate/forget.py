"""Deletes what the bridge keeps of one person, and says what TalkifAI keeps."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

from bridge.app.bootstrap import open_stores, talkifai_agent
from bridge.app.operate.tables import counted
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.errors import SettingWrong
from bridge.domain.incoming import Origin, Withdrawal
from bridge.domain.limits.retention import Forgotten, PersonKey
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.ports.stores.stores import Stores
from bridge.runtime.clock import SystemClock
from config.settings import Settings

_TRIES = 3
_PAUSE_S = 1.0


def person_of(text: str) -> PersonKey:
    """Read whom the operator names. Raises `SettingWrong`."""
    try:
        return PersonKey.parse(text)
    except ValueError:
        remedy = "Write slack:U123, slack:T123:U123 or telegram:123, with the ids that the channel uses"
        raise SettingWrong("PERSON", "is not a channel and an id", remedy) from None


async def forget(settings: Settings, person: PersonKey) -> Forgotten:
    """End the person's conversations, drop the questions that wait, delete all else. Raises `BridgeError`."""
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        agent = await stack.enter_async_context(talkifai_agent(settings))
        reaper = Reaper(agent, stores.sessions, SystemClock())
        forgotten = Forgotten()
        for _ in range(_TRIES):
            await _end_all(stores, person)
            await reaper.sweep()
            forgotten = _together(forgotten, await stores.retention.forget(person))
            if not forgotten.left:
                break
            await asyncio.sleep(_PAUSE_S)
    return forgotten


def report(forgotten: Forgotten, person: PersonKey) -> Iterator[str]:
    """Say what was deleted, what is left, and what is not ours."""
    what = (
        f"{counted(forgotten.ledger_lines, 'line')} of the ledger",
        counted(forgotten.ratings, "rating"),
        f"{counted(forgotten.dead_letters, 'question')} set aside",
        f"{forgotten.keys} other entr{'y' if forgotten.keys == 1 else 'ies'}",
    )
    yield f"Deleted: {', '.join(what)} of {person.id}."
    if forgotten.left:
        yield f"{counted(forgotten.left, 'conversation')} not over yet: run it again later."
    yield "TalkifAI keeps the conversations, and what its agent remembers under the person's e-mail address or id."
    yield "Delete them there: the bridge cannot. The channel keeps its messages, and logs keep their lines."


async def _end_all(stores: Stores, person: PersonKey) -> None:
    for thread, question_id in await stores.retention.waiting_of(person):
        await stores.inbox.amend(Withdrawal(_origin(thread, question_id, person)))
    for thread, conversation_id in await stores.retention.sessions_of(person):
        await stores.sessions.begin_end(thread, conversation_id, EndReason.COMMAND)


def _origin(thread: ThreadKey, question_id: str, person: PersonKey) -> Origin:
    return Origin(
        id=question_id,
        dedupe_keys=(question_id,),
        thread=thread,
        address=Address(thread.account, thread.place, thread.thread),
        person=Person(person.id),
        asked_at=0.0,
    )


def _together(one: Forgotten, other: Forgotten) -> Forgotten:
    return Forgotten(
        one.ledger_lines + other.ledger_lines,
        one.ratings + other.ratings,
        one.dead_letters + other.dead_letters,
        one.keys + other.keys,
        other.left,
    )
