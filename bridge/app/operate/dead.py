"""`talkifai-bridge dead`: questions that were set aside."""

import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

from adapters.redis_store.schema.codec import Unreadable, queued_from_json
from adapters.redis_store.stores import DeadLetter, RedisStores
from bridge.app.bootstrap import open_stores
from bridge.app.operate.tables import counted, moment, show
from bridge.domain.incoming import IntakeResult, Question, Queued
from config.settings import Settings

_MOST = 1000
_MINUTE_S = 60.0
_SHOWN_CHARACTERS = 60


async def run(settings: Settings, chosen: SimpleNamespace) -> int:
    """Do what was chosen with the questions that were named."""
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        letters = await stores.dead_letters(_MOST)
        if chosen.action == "list":
            _list(letters)
            return 0
        known = {one.id: one for one in letters}
        done = [await _do(stores, chosen.action, known[name]) for name in chosen.ids if name in known]
        missing = [name for name in chosen.ids if name not in known]
        for name in missing:
            print(f"{name}: is not there")
        return int(bool(missing) or not all(done))


async def _do(stores: RedisStores, action: str, letter: DeadLetter) -> bool:
    if action == "retry":
        return await _retry(stores, letter)
    if action == "drop":
        await stores.drop_dead_letter(letter)
        print(f"{letter.id}: dropped")
    else:
        _show(letter)
    return True


async def _retry(stores: RedisStores, letter: DeadLetter) -> bool:
    """Put it into its thread's inbox again, as a message of its own: the old one has been seen. Say whether it is."""
    try:
        queued = queued_from_json(letter.question)
    except Unreadable as error:
        print(f"{letter.id}: cannot be asked again, {error}")
        return False
    # Within a minute it is the same message: a command that was killed after this step can be repeated.
    became = await stores.inbox.append(_renamed(queued, f"{queued.id}#{letter.id}.{int(time.time() // _MINUTE_S)}"))
    if became is IntakeResult.FULL:
        print(f"{letter.id}: not now, too many questions wait in its thread. Try again in a minute")
        return False
    await stores.drop_dead_letter(letter)
    print(f"{letter.id}: asked again")
    return True


def _renamed(queued: Queued, name: str) -> Queued:
    renamed = replace(queued, origin=replace(queued.origin, id=name, dedupe_keys=(name,)))
    return replace(renamed, joins_within_s=0.0) if isinstance(renamed, Question) else renamed


def _list(letters: Sequence[DeadLetter]) -> None:
    if letters:
        rows = [
            (one.id, moment(one.at), one.thread.rstrip(":"), str(one.attempts), one.reason, _text(one))
            for one in letters
        ]
        show(("id", "set aside (UTC)", "thread", "tries", "reason", "question"), rows, numbers=("tries",))
    print(f"{counted(len(letters), 'question')} set aside")


def _show(letter: DeadLetter) -> None:
    tries = "1 try" if letter.attempts == 1 else f"{letter.attempts} tries"
    print(f"{letter.id}  {moment(letter.at)} UTC  {letter.thread.rstrip(':')}  {tries}: {letter.reason}")
    try:
        print(json.dumps(json.loads(letter.question), indent=2, ensure_ascii=False))
    except ValueError:
        print(letter.question)


def _text(letter: DeadLetter) -> str:
    try:
        queued = queued_from_json(letter.question)
    except Unreadable:
        return "(cannot be read)"
    text = queued.text if isinstance(queued, Question) else f"/{queued.name.value}"
    return " ".join(text.split())[:_SHOWN_CHARACTERS]
