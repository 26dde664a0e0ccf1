"""Questions, turn records and sessions, to what Redis keeps and back.

Fields that are not known are passed over and those that are missing get their defaults, because two versions of
the bridge overlap during a deploy. Text may hold lone surrogates, which plain UTF-8 refuses.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.redis_store.schema.file_codec import attachments_from_list, attachments_to_list, files_from_json
from adapters.redis_store.schema.json_codec import to_json
from adapters.redis_store.schema.origin_codec import (
    address_from_fields,
    address_to_fields,
    origin_from_fields,
    origin_to_fields,
)
from bridge import __version__
from bridge.domain.incoming import Command, CommandName, Question, Queued
from bridge.domain.sessions import Conversation, Ending, EndReason, IdleLine, Opening, Session
from bridge.domain.threads import ThreadKey
from bridge.domain.turns import AnswerResult, Outcome, Step, TurnRecord

ASK = "ask"
"""The `kind` of a question; a command's is its name. `settle.lua` looks for them."""
USAGE = "usage."
"""Stands before the name of a token count, in the session's hash."""


class Unreadable(ValueError):
    """What Redis keeps is not what this version of the bridge can read."""


def pack(text: str) -> bytes:
    """Turn text into bytes. Reversible for every text."""
    return text.encode("utf-8", "surrogatepass")


def unpack(raw: bytes | str) -> str:
    """Read what `pack` wrote."""
    return raw if isinstance(raw, str) else raw.decode("utf-8", "surrogatepass")


def unpack_anything(raw: bytes) -> str:
    """Decode bytes that may not be text: invalid ones become replacement characters."""
    try:
        return unpack(raw)
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


def queued_to_json(queued: Queued) -> bytes:
    """Write a question or a command. Each has all fields: an older version of the bridge expects them."""
    origin = queued.origin
    question = queued if isinstance(queued, Question) else Question(origin, "")
    fields = {
        **origin_to_fields(origin),
        "text": question.text,
        "kind": queued.name.value if isinstance(queued, Command) else ASK,
        "joins_within_s": question.joins_within_s,
        "has_files": question.has_files,
        "files": attachments_to_list(question.files),
        "about": queued.about if isinstance(queued, Command) else "",
    }
    if_any = {"replaces": list(question.replaces), "first_id": question.first_id}
    fields |= {name: value for name, value in if_any.items() if value}
    return to_json(fields)


def queued_from_json(raw: bytes | str) -> Queued:
    """Read a question or a command. Raises `Unreadable`."""
    try:
        fields: dict[str, Any] = json.loads(unpack(raw))
        origin, kind = origin_from_fields(fields), fields.get("kind", ASK)
        if kind != ASK:
            return Command(origin, CommandName(kind), fields.get("about", ""))
        files, has_files = attachments_from_list(fields.get("files")), fields.get("has_files") is True
        replaces = tuple(map(str, fields.get("replaces") or ()))
        text, joins_s, first_id = fields["text"], fields.get("joins_within_s", 0.0), fields.get("first_id", "")
        return Question(origin, text, joins_s, has_files, files, replaces, first_id)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"a question cannot be read: {type(error).__name__}") from error


def at_thread(queued: Queued, thread: ThreadKey) -> Queued:
    """Give a question that was moved with its place the address there. Ids of messages mean nothing there."""
    if queued.thread == thread:
        return queued
    address = replace(queued.address, place=thread.place, reply_to="")
    moved = replace(queued, origin=replace(queued.origin, thread=thread, address=address))
    return replace(moved, replaces=()) if isinstance(moved, Question) else moved


def record_from_fields(flat: Sequence[bytes]) -> TurnRecord:
    """Read a turn's record from the flat list of its hash. Raises `Unreadable`."""
    fields = _pairs(flat)
    try:
        return TurnRecord(
            attempts=int(fields.get("attempts", "1")),
            step=Step(fields.get("step", Step.CLAIMED.value)),
            conversation_id=fields.get("conversation_id", ""),
            history_count=int(fields.get("history_count", "0")),
            wording=fields.get("wording", ""),
            message_ids=tuple(json.loads(fields.get("message_ids", "[]"))),
            has_begun=fields.get("has_begun") == "1",
            text=fields.get("text", ""),
            asked=_asked_from_json(fields["asked"]) if "asked" in fields else None,
            cut_at=int(fields["cut_at"]) if fields.get("cut_at") else None,
            asked_again=int(fields.get("asked_again") or 0),
            is_stopped=fields.get("stopped") == "1",
            is_superseded=fields.get("superseded") == "1",
            files=files_from_json(fields.get("files", "{}")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("a turn's record cannot be read") from error


def message_ids_to_json(message_ids: Sequence[str]) -> bytes:
    """Write the ids of the messages that show a reply."""
    return to_json(list(message_ids))


def answer_to_fields(text: str, asked: AnswerResult) -> list[bytes]:
    """Write the whole answer as a flat list of the record's fields."""
    fields = {
        "outcome": asked.outcome.value,
        "notice": asked.notice,
        "usage": dict(asked.usage),
        "history_count": asked.history_count,
        "end_reason": asked.end_reason.value if asked.end_reason else None,
        "tools": asked.tools,
        "continues": asked.continues,
        "may_retry": asked.may_retry,
    }
    return [b"text", pack(text), b"asked", to_json(fields)]


def _asked_from_json(raw: str) -> AnswerResult:
    """Read how asking came out. What a newer version says in other words counts as an answer that was given."""
    fields: dict[str, Any] = json.loads(raw)
    outcome, end_reason = fields.get("outcome"), fields.get("end_reason")
    return AnswerResult(
        outcome=Outcome(outcome) if outcome in set(Outcome) else Outcome.ANSWERED,
        notice=fields.get("notice", ""),
        usage=fields.get("usage", {}),
        history_count=fields.get("history_count"),
        end_reason=EndReason(end_reason) if end_reason in set(EndReason) else None,
        tools=tuple(fields.get("tools", ())),
        continues=fields.get("continues", ""),
        may_retry=fields.get("may_retry") is not False,
    )


def session_to_fields(session: Session) -> list[bytes]:
    """Write a session as the flat list of its hash.

    The token is one of the fields, so that it travels into the queue of ends with all others: a key of its own, with a
    life of its own, could be evicted, and the conversation could never be ended.
    """
    fields = {
        "conversation_id": session.conversation.id,
        "token": session.conversation.token,
        "agent_name": session.agent_name,
        "agent_id": session.agent_id,
        "person_id": session.person_id,
        "user_identifier": session.user_identifier,
        "opened_at": repr(session.opened_at),
        "turns": str(session.turns),
        "history_count": history_to_text(session.history_count),
        "retries": str(session.retries),
        "several_speak": str(int(session.several_speak)),
        **({"dropped": "1"} if session.is_dropped else {}),
        **({"idle_line": _idle_line_to_json(session.idle_line)} if session.idle_line else {}),
        **{USAGE + name: str(count) for name, count in session.usage.items()},
    }
    return [pack(part) for pair in fields.items() for part in pair]


def session_from_fields(thread: ThreadKey, flat: Sequence[bytes | str]) -> Session:
    """Read a session from the flat list of its hash."""
    fields = _pairs(flat)
    history = fields.get("history_count", "")
    return Session(
        thread=thread,
        conversation=Conversation(fields["conversation_id"], fields.get("token", "")),
        agent_name=fields.get("agent_name", ""),
        agent_id=fields.get("agent_id", ""),
        person_id=fields.get("person_id", ""),
        user_identifier=fields.get("user_identifier", ""),
        opened_at=float(fields.get("opened_at", "0")),
        turns=int(fields.get("turns", "0")),
        history_count=int(history) if history else None,
        usage={name.removeprefix(USAGE): int(n) for name, n in fields.items() if name.startswith(USAGE)},
        retries=int(fields.get("retries", "0")),
        several_speak=fields.get("several_speak") == "1",
        is_dropped=fields.get("dropped") == "1",
        idle_line=_idle_line_from_json(fields["idle_line"], thread) if "idle_line" in fields else None,
    )


def _idle_line_to_json(line: IdleLine) -> str:
    return json.dumps({**address_to_fields(line.address), "language": line.language}, ensure_ascii=False)


def _idle_line_from_json(raw: str, thread: ThreadKey) -> IdleLine:
    """Read it, with the address there if the session was moved with its place."""
    fields: dict[str, str] = json.loads(raw)
    address = address_from_fields(fields)
    if address.place != thread.place:
        address = replace(address, place=thread.place, reply_to="")
    return IdleLine(address, fields.get("language", ""))


def history_to_text(history_count: int | None) -> str:
    """Write a count that may be unknown."""
    return "" if history_count is None else str(history_count)


def ending_from_json(raw: bytes, attempts: int) -> Ending:
    """Read an ending. A reason that this version does not know counts as `REPLACED`: it is ended all the same."""
    fields: dict[str, Any] = json.loads(unpack(raw))
    return Ending(
        session=session_from_fields(ThreadKey.parse(fields["thread"]), fields["session"]),
        reason=EndReason(reason) if (reason := fields["reason"]) in set(EndReason) else EndReason.REPLACED,
        attempts=attempts,
        since=float(fields["since_ms"]) / 1000,
    )


def ledger_fields(ending: Ending) -> list[bytes]:
    """Write the ledger's line of a session that was ended, as a flat list; the server adds when it ended."""
    return [pack(part) for pair in _ledger_line(ending).items() for part in pair]


def _ledger_line(ending: Ending) -> dict[str, str]:
    session = ending.session
    return {
        "channel": session.thread.channel,
        "account": session.thread.account,
        "place": session.thread.place,
        "thread": session.thread.thread,
        "person": session.person_id,
        "agent": session.agent_name,
        "conversation": session.conversation.id,
        "opened": repr(session.opened_at),
        "reason": ending.reason.value,
        "turns": str(session.turns),
        "usage": json.dumps(dict(session.usage), sort_keys=True),
        "retries": str(session.retries),
        "end_attempts": str(ending.attempts),
        "version": __version__,
    }


def opening_to_json(opening: Opening) -> bytes:
    """Write an opening, and the ledger's line that it gets where it is lost, as a flat list."""
    unknown = Session(
        thread=opening.thread,
        conversation=Conversation("", ""),
        agent_name=opening.agent_id,
        person_id=opening.person_id,
        user_identifier=opening.user_identifier,
        opened_at=opening.at,
    )
    line = _ledger_line(Ending(unknown, EndReason.LOST, 0, opening.at)) | {"opening": opening.id}
    fields = {
        "id": opening.id,
        "thread": str(opening.thread),
        "person_id": opening.person_id,
        "user_identifier": opening.user_identifier,
        "agent_id": opening.agent_id,
        "at": opening.at,
        "line": [part for pair in line.items() for part in pair],
    }
    return to_json(fields)


def opening_from_json(raw: bytes) -> Opening:
    """Read an opening."""
    fields: dict[str, Any] = json.loads(unpack(raw))
    return Opening(
        id=fields["id"],
        thread=ThreadKey.parse(fields["thread"]),
        person_id=fields["person_id"],
        user_identifier=fields["user_identifier"],
        agent_id=fields["agent_id"],
        at=float(fields["at"]),
    )


def _pairs(flat: Sequence[bytes | str]) -> dict[str, str]:
    return {unpack(name): unpack(value) for name, value in zip(flat[::2], flat[1::2], strict=True)}


def shown_fields(args: Sequence[str | bytes | float]) -> list[str | bytes | float]:
    """Name what `record_shown` writes: the whole text is recorded only later."""
    message_ids, has_begun, text = args
    return ["message_ids", message_ids, "has_begun", has_begun, "text", text]
