"""What was said in a thread, to what Redis keeps and back. As `codec` says of all that is kept."""

import json
from typing import Any

from adapters.redis_store.schema.codec import Unreadable, unpack
from adapters.redis_store.schema.json_codec import to_json
from bridge.domain.exchanges import Exchange, Summary
from bridge.domain.threads import Person, ThreadKey


def exchange_to_json(exchange: Exchange) -> bytes:
    """Write what was said in one turn."""
    fields = {
        "question": exchange.question,
        "answer": exchange.answer,
        "person": {"id": exchange.person.id, "name": exchange.person.name},
        "at": exchange.at,
        "conversation_id": exchange.conversation_id,
        "agent_id": exchange.agent_id,
        "question_id": exchange.question_id,
    }
    return to_json(fields)


def exchange_from_json(raw: bytes) -> Exchange:
    """Read what was said in one turn. Raises `Unreadable`."""
    try:
        fields: dict[str, Any] = json.loads(unpack(raw))
        person = fields["person"]
        return Exchange(
            question=fields["question"],
            answer=fields["answer"],
            person=Person(person["id"], person.get("name", "")),
            at=float(fields["at"]),
            conversation_id=fields["conversation_id"],
            agent_id=fields.get("agent_id", ""),
            question_id=fields.get("question_id", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"an exchange cannot be read: {type(error).__name__}") from error


def summary_to_json(summary: Summary) -> bytes:
    """Write a summary."""
    fields = {
        "text": summary.text,
        "conversation_id": summary.conversation_id,
        "agent_id": summary.agent_id,
        "at": summary.at,
        "people": summary.people,
        "several_spoke": summary.several_spoke,
    }
    return to_json(fields)


def summary_from_json(thread: ThreadKey, raw: bytes) -> Summary:
    """Read a summary. Raises `Unreadable`."""
    try:
        fields: dict[str, Any] = json.loads(unpack(raw))
        return Summary(
            thread=thread,
            text=fields["text"],
            conversation_id=fields["conversation_id"],
            agent_id=fields.get("agent_id", ""),
            at=float(fields["at"]),
            people=tuple(fields.get("people", ())),
            several_spoke=fields.get("several_spoke") is True,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"a summary cannot be read: {type(error).__name__}") from error
