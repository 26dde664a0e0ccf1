"""TalkifAI's JSON to the bridge's values. Pure; tolerant of what may be missing, strict about types.

Source: TalkifAI's Text Chat API. `handoff` comes in two forms there, `{"from_agent", "to_agent"}` and `{"to"}`:
both are read.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from bridge.domain.errors import AgentUnavailable
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import (
    HandedOff,
    StreamEnded,
    StreamEvent,
    StreamFailed,
    StreamStarted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)

_NAME_CHARACTERS = 200
_REASON_CHARACTERS = 500
_USAGE_NAMES = 32
_USAGE_MAX = 2**53
_VOICE_KINDS = ("voice", "realtime", "pipeline", "speech")


class SkippedEvent(StrEnum):
    """Why an event of the stream was passed over."""

    UNKNOWN_TYPE = "unknown_type"
    MALFORMED = "malformed"
    EMPTY = "empty"
    """A chunk without text: no harm, and no progress either."""


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What TalkifAI says of an agent."""

    name: str
    is_voice: bool
    """True only where it says so: an unknown kind is none."""


def fix_surrogates(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, which neither UTF-8 nor any channel can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def json_object(raw: str | bytes) -> dict[str, Any] | None:
    """Parse a JSON object; None for anything else, however odd."""
    try:
        value = orjson.loads(raw)
    except ValueError:
        value = _patiently_parsed(raw)
    return value if isinstance(value, dict) else None


def _patiently_parsed(raw: str | bytes) -> object:
    """Parse what the fast parser refuses: half a surrogate pair, whose other half comes with the next chunk."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def read_event(kind: str, data: str) -> StreamEvent | SkippedEvent:
    """Turn one event of the stream into the bridge's, or say why it is passed over.

    A delta's text is left as it came, so that a surrogate pair split over two chunks can still be joined.
    """
    read = _READERS.get(kind)
    if read is None:
        return SkippedEvent.UNKNOWN_TYPE
    fields = json_object(data)
    return SkippedEvent.MALFORMED if fields is None else read(fields)


def _delta(fields: Mapping[str, Any]) -> TextDelta | SkippedEvent:
    delta = fields.get("delta")
    if not isinstance(delta, str):
        return SkippedEvent.MALFORMED
    return TextDelta(delta) if delta else SkippedEvent.EMPTY


def _name(fields: Mapping[str, Any], field: str) -> str:
    value = fields.get(field)
    return fix_surrogates(value[:_NAME_CHARACTERS]) if isinstance(value, str) else ""


def _usage(value: object) -> dict[str, int]:
    """Keep the whole numbers: TalkifAI does not fix the fields' names, and some hold further objects."""
    if not isinstance(value, dict):
        return {}
    counts = {
        fix_surrogates(name[:_NAME_CHARACTERS]): count
        for name, count in value.items()
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _USAGE_MAX
    }
    return dict(list(counts.items())[:_USAGE_NAMES])


def _reason(fields: Mapping[str, Any]) -> str:
    value = fields.get("error")
    text = value if isinstance(value, str) else json.dumps(value) if value else "no reason given"
    return fix_surrogates(text[:_REASON_CHARACTERS])


_READERS: Mapping[str, Callable[[Mapping[str, Any]], StreamEvent | SkippedEvent]] = {
    "stream_start": lambda fields: StreamStarted(_name(fields, "agent_name")),
    "chunk": _delta,
    "tool_call": lambda fields: ToolStarted(_name(fields, "name")),
    "tool_result": lambda fields: ToolFinished(_name(fields, "name")),
    "handoff": lambda fields: HandedOff(_name(fields, "to_agent") or _name(fields, "to"), _name(fields, "from_agent")),
    "stream_end": lambda fields: StreamEnded(_usage(fields.get("usage")), fields.get("end_session") is True),
    "error": lambda fields: StreamFailed(_reason(fields)),
}


def read_opened(body: bytes) -> OpenedConversation:
    """Read the answer to an open. Raises `AgentUnavailable` where it names no conversation or token."""
    fields = json_object(body) or {}
    conversation_id, token = fields.get("conversation_id"), fields.get("session_token")
    if not (isinstance(conversation_id, str) and conversation_id and isinstance(token, str) and token):
        raise AgentUnavailable("TalkifAI opened a session, but its answer names no conversation or no token")
    greeting = fields.get("greeting")
    return OpenedConversation(
        conversation=Conversation(conversation_id, token),
        agent_name=_name(fields, "agent_name"),
        greeting=fix_surrogates(greeting) if isinstance(greeting, str) else "",
        model=_name(fields, "agent_model"),
    )


def read_history(body: bytes) -> Sequence[HistoryMessage]:
    """Read one page. An odd message keeps its place, as offsets count messages. Raises `AgentUnavailable`."""
    messages = (json_object(body) or {}).get("messages")
    if not isinstance(messages, list):
        raise AgentUnavailable("TalkifAI's history is not in the form its documentation gives")
    return [_history_message(message) for message in messages]


def _history_message(message: object) -> HistoryMessage:
    fields = message if isinstance(message, dict) else {}
    content = fields.get("content")
    text = fix_surrogates(content) if isinstance(content, str) else ""
    return HistoryMessage(_name(fields, "role"), text, _time(fields.get("timestamp")))


def _time(timestamp: object) -> float:
    """Read ISO 8601; 0 for anything else. Without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else None
    except ValueError:
        return 0.0
    return 0.0 if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def read_agent(body: bytes) -> AgentFacts | None:
    """Read `GET /v1/agents/{id}`, bare or under `agent` or `data`; None where it is no agent."""
    found = json_object(body) or {}
    fields = next((found[name] for name in ("agent", "data") if isinstance(found.get(name), dict)), found)
    name, kind = fields.get("name"), fields.get("agentArchitecture")
    if not isinstance(name, str) or not name:
        return None
    kind = kind.lower() if isinstance(kind, str) else ""
    is_voice = "text" not in kind and any(word in kind for word in _VOICE_KINDS)
    return AgentFacts(fix_surrogates(name)[:_NAME_CHARACTERS], is_voice)
