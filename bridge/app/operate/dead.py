"""`talkifai-bridge dead`: questions that were set aside."""

from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from adapters.redis_store.schema.codec import Unreadable, queued_from_json
from adapters.redis_store.stores import DeadLetter, RedisStores
from bridge.app.bootstrap import open_stores
from bridge.app.operate.tables import moment, show
from bridge.domain.incoming import Question, Queued
from config.settings import Settings

_MOST = 1000
_SHOWN_CHARACTERS = 60


async def run(settings: Settings, chosen: Namespace) -> int:
    """Do what was chosen with the questions that were named."""
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        letters = await stores.dead_letters(_MOST)
        if chosen.action == "list":
            _list(letters)
            return 0
        meant = [one for one in letters if one.id in chosen.ids]
        for one in meant:
            if chosen.action == "show":
                _show(one)
            elif chosen.action == "drop":
                await stores.drop_dead_letter(one)
                print(f"{one.id}: dropped")
            else:
                await _retry(stores, one)
        missing = sorted(set(chosen.ids) - {one.id for one in meant})
        for name in missing:
            print(f"{name}: is not there")
        return int(bool(missing))


async def _retry(stores: RedisStores, letter: DeadLetter) -> None:
    """Put it into its thread's inbox again, as a message of its own: the old one has been seen."""
    try:
        queued = queued_from_json(letter.question)
    except Unreadable as error:
        print(f"{letter.id}: cannot be asked again, {error}")
        return
    again = f"{queued.id}#{letter.id}"
    became = await stores.inbox.append(_renamed(queued, again))
    await stores.drop_dead_letter(letter)
    print(f"{letter.id}: {became.value}")


def _renamed(queued: Queued, name: str) -> Queued:
    return replace(queued, origin=replace(queued.origin, id=name, dedupe_keys=(name,)))


def _list(letters: Sequence[DeadLetter]) -> None:
    if letters:
        rows = [(one.id, moment(one.at), one.thread, str(one.attempts), one.reason, _text(one)) for one in letters]
        show(("id", "set aside (UTC)", "thread", "attempts", "reason", "question"), rows)
    print(f"{len(letters)} set aside")


def _show(letter: DeadLetter) -> None:
    print(f"{letter.id}  {moment(letter.at)} UTC  {letter.thread}  {letter.attempts} attempts: {letter.reason}")
    print(letter.question)


def _text(letter: DeadLetter) -> str:
    try:
        queued = queued_from_json(letter.question)
    except Unreadable:
        return "(cannot be read)"
    text = queued.text if isinstance(queued, Question) else f"/{queued.name.value}"
    return " ".join(text.split())[:_SHOWN_CHARACTERS]
