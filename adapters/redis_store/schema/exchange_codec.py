"""What was said in a thread, to what Redis keeps and back. As `codec` says of all that is kept."""

import json
from typing import Any

from adapters.redis_store.schema.codec import Unreadable, pack, unpack
from bridge.domain.exchanges import Exchange
from bridge.domain.threads import Person


def exchange_to_json(exchange: Exchange) -> bytes:
    """Write what was said in one turn."""
    fields = {
        "question": exchange.question,
        "answer": exchange.answer,
        "person": {"id": exchange.person.id, "name": exchange.person.name},
        "at": exchange.at,
        "conversation_id": exchange.conversation_id,
        "agent_id": exchange.agent_id,
    }
    return pack(json.dumps(fields, ensure_ascii=False, separators=(",", ":")))


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
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"an exchange cannot be read: {type(error).__name__}") from error
