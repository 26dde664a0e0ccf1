"""TalkifAI's JSON, as documented and as it may come."""

import json
from typing import Any

import pytest

from adapters.talkifai.payloads import SkippedEvent, fix_surrogates, read_event, read_history, read_opened
from bridge.domain.errors import AgentUnavailable
from bridge.domain.sessions import Conversation, HistoryMessage
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


@pytest.mark.parametrize(
    ("kind", "data", "event"),
    [
        ("stream_start", {"agent_name": "Support Agent"}, StreamStarted("Support Agent")),
        ("stream_start", {}, StreamStarted("")),
        ("chunk", {"delta": "Hello! "}, TextDelta("Hello! ")),
        ("tool_call", {"name": "web_search", "status": "executing"}, ToolStarted("web_search")),
        ("tool_result", {"name": "web_search", "status": "completed"}, ToolFinished("web_search")),
        ("handoff", {"from_agent": "A", "to_agent": "B"}, HandedOff("B", "A")),
        ("handoff", {"to": "B"}, HandedOff("B")),
        ("stream_end", {"usage": {}, "end_session": False}, StreamEnded()),
        ("stream_end", {}, StreamEnded()),
        ("stream_end", {"end_session": True}, StreamEnded(end_session=True)),
        ("error", {"error": "overloaded"}, StreamFailed("overloaded")),
        ("error", {"error": {"message": "x"}}, StreamFailed('{"message": "x"}')),
        ("error", {}, StreamFailed("no reason given")),
    ],
)
def test_each_event_of_the_documentation_is_read(kind: str, data: dict[str, Any], event: StreamEvent) -> None:
    assert read_event(kind, json.dumps(data)) == event


@pytest.mark.parametrize("data", ["{", "[]", "null", '"x"', '{"delta": null}', '{"delta": ["a"]}'])
def test_a_chunk_without_text_is_malformed(data: str) -> None:
    """S4: malformed JSON is told apart from an event of unknown type."""
    assert read_event("chunk", data) is SkippedEvent.MALFORMED


def test_usage_keeps_the_whole_numbers_under_their_names() -> None:
    usage = {"prompt": 3, "cost": 0.1, "ok": True, "details": {"cached": 1}, "model": "m", "less": -1, "big": 10**30}
    assert read_event("stream_end", json.dumps({"usage": usage})) == StreamEnded({"prompt": 3})


@pytest.mark.parametrize("usage", [None, [], "many", 7])
def test_usage_in_another_form_is_no_usage(usage: object) -> None:
    assert read_event("stream_end", json.dumps({"usage": usage})) == StreamEnded()


def test_names_and_reasons_are_bounded() -> None:
    named = read_event("tool_call", json.dumps({"name": "n" * 9999}))
    failed = read_event("error", json.dumps({"error": "e" * 9999}))
    assert named == ToolStarted("n" * 200)
    assert failed == StreamFailed("e" * 500)


def test_an_opened_conversation_is_read() -> None:
    body = {"conversation_id": "c", "session_token": "t", "agent_name": "A", "greeting": None, "agent_model": "m"}
    opened = read_opened(json.dumps(body).encode())
    assert (opened.conversation, opened.agent_name, opened.greeting, opened.model) == (
        Conversation("c", "t"),
        "A",
        "",
        "m",
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"conversation_id": "c"}', b'{"conversation_id": 1}', b"<html>"])
def test_an_open_that_names_no_conversation_is_an_error(body: bytes) -> None:
    with pytest.raises(AgentUnavailable, match="no conversation"):
        read_opened(body)


def test_an_odd_message_of_the_history_keeps_its_place() -> None:
    body = {
        "messages": [{"role": "user", "content": "a"}, 7, {"role": "system"}, {"role": "assistant", "content": "b"}]
    }
    assert read_history(json.dumps(body).encode()) == [
        HistoryMessage("user", "a"),
        HistoryMessage("", ""),
        HistoryMessage("system", ""),
        HistoryMessage("assistant", "b"),
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"messages": {}}'])
def test_a_history_in_another_form_is_an_error(body: bytes) -> None:
    with pytest.raises(AgentUnavailable, match="history"):
        read_history(body)


def test_mending_touches_nothing_but_surrogates() -> None:
    assert fix_surrogates("Grüße 😀 \u2028") == "Grüße 😀 \u2028"
    assert fix_surrogates("a\ud83d\ude00b\ud83dc") == "a😀b\ufffdc"
