"""What a thread has sealed, sealed anew for the thread that it becomes: only who has the key can move it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from adapters.redis_store.client.batching import Argument
from adapters.redis_store.schema.codec import (
    Unreadable,
    at_thread,
    pack,
    queued_from_json,
    queued_to_json,
    session_from_fields,
    session_to_fields,
    unpack,
)
from adapters.redis_store.schema.exchange_codec import exchange_from_json, exchange_to_json
from adapters.redis_store.schema.sealing import Sealing
from bridge.domain.threads import ThreadKey

_OF_SESSION = (b"token", b"user_identifier")


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was found of a thread."""

    session: Mapping[bytes, bytes]
    bodies: Mapping[bytes, bytes]
    unanswered: bytes | None
    exchanges: Sequence[bytes]
    overheard: Sequence[bytes]
    taken: Mapping[bytes, bytes]


def resealed(sealing: Sealing, thread: ThreadKey, new: ThreadKey, found: Sealed) -> list[Argument]:
    """Return for `move.lua` what is to be replaced: the kind, the field, what stands there, and what is to stand."""
    if not sealing.has_keys:
        return []
    changes: list[tuple[str, bytes | int, bytes, bytes]] = []
    if found.session:
        with suppress(Unreadable):
            flat = [part for pair in found.session.items() for part in pair]
            session = sealing.open_session(session_from_fields(thread, flat))
            fields = session_to_fields(sealing.close_session(replace(session, thread=new)))
            now = dict(zip(fields[::2], fields[1::2], strict=True))
            changes += [("session", field, found.session[field], now[field]) for field in _OF_SESSION]
    changes += [("body", field, was, now) for field, was, now in _questions(sealing, thread, new, found.bodies)]
    lists = (("unanswered", [found.unanswered] if found.unanswered else []), ("overheard", found.overheard))
    for kind, kept in lists:
        numbered = {str(at).encode(): raw for at, raw in enumerate(kept)}
        changes += [(kind, field, was, now) for field, was, now in _questions(sealing, thread, new, numbered)]
    for raw in found.exchanges:
        with suppress(Unreadable):
            exchange = sealing.open_exchange(exchange_from_json(raw), thread)
            changes.append(("exchange", b"", raw, exchange_to_json(sealing.close_exchange(exchange, new))))
    if found.taken:
        person_id, was = unpack(found.taken[b"person"]), found.taken[b"name"]
        name = sealing.open_name(unpack(was), thread, person_id)
        changes.append(("taken", b"name", was, pack(sealing.close_name(name, new, person_id))))
    return [part for change in changes for part in change]


def _questions(
    sealing: Sealing, thread: ThreadKey, new: ThreadKey, kept: Mapping[bytes, bytes]
) -> Iterator[tuple[bytes, bytes, bytes]]:
    for field, raw in kept.items():
        if unpack(raw[:1]) != "{":
            continue  # what joins the parts of a question
        with suppress(Unreadable):
            queued = sealing.open_queued(queued_from_json(raw), thread)
            yield field, raw, queued_to_json(sealing.close_queued(at_thread(queued, new)))
