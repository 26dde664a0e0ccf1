"""The stream's bytes, cut and written in every way that the standard allows, decode to the same events."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.talkifai.payloads import SkippedEvent
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
from sandbox.talkifai.player import whole_body
from sandbox.talkifai.script import Answer, End, Handoff, KeepAlive, Raw, Say, Tool
from tests.unit.adapters.talkifai.decoding import decoded

Wire = tuple[str, Mapping[str, Any]]

RECORDED = whole_body(
    Answer.of(
        Tool("web_search"),
        Handoff("Billing", "Support"),
        KeepAlive(),
        Say("Grüße 👩‍🚀 aus\u2028zwei\u2029Zeilen\x85 — 日本語\r\nund\rmehr", chunk=3),
        End(usage={"prompt_tokens": 7, "details": {"cached": 3}}, end_session=True),
    ),
    "Support Agent",
)

texts = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\u2028\u2029\x85\x0b\x0c\x1c\r\n\ufeff👩‍🚀"), min_size=1
)
wire_events: st.SearchStrategy[Wire] = st.one_of(
    texts.map(lambda text: ("chunk", {"delta": text})),
    texts.map(lambda name: ("tool_call", {"name": name[:200], "status": "executing"})),
    texts.map(lambda name: ("tool_result", {"name": name[:200], "status": "completed"})),
    texts.map(lambda name: ("handoff", {"to": name[:200]})),
    st.tuples(texts, texts).map(lambda names: ("handoff", {"from_agent": names[0], "to_agent": names[1]})),
)
line_ends = st.sampled_from(["\n", "\r\n", "\r"])


def decode(chunks: Sequence[bytes]) -> list[StreamEvent]:
    return decoded(*chunks).events


def expected(wire: Wire) -> StreamEvent:
    kind, data = wire
    match kind:
        case "chunk":
            return TextDelta(data["delta"])
        case "tool_call":
            return ToolStarted(data["name"])
        case "tool_result":
            return ToolFinished(data["name"])
        case _:
            return HandedOff(data.get("to_agent") or data.get("to") or "", data.get("from_agent", ""))


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:stop] for start, stop in itertools.pairwise(at)]


@st.composite
def written(draw: st.DrawFn) -> tuple[bytes, list[StreamEvent]]:
    """Write events as a server might: any line end, `data:` split over lines, comments, ids, retries, a BOM."""
    wires = draw(st.lists(wire_events, max_size=6))
    lines: list[str] = []
    for kind, data in [*wires, ("stream_end", {"usage": {"tokens": 3}})]:
        lines += draw(
            st.lists(st.sampled_from([": keep-alive", ":", "id: 7", "retry: 10", "foo: bar", "id"]), max_size=2)
        )
        if draw(st.booleans()):
            lines.append("")
        spaced = draw(st.sampled_from([" ", ""]))
        body = json.dumps(data, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
        fields = [f"event:{spaced}{kind}", *(f"data:{spaced}{line}" for line in body.split("\n"))]
        lines += [*(fields if draw(st.booleans()) else [*fields[1:], fields[0]]), ""]
    stream = draw(st.sampled_from(["", "\ufeff"]))
    for line in lines:
        end = draw(line_ends)
        # CR and then LF would be one line end, not two.
        stream += "\r" if not line and end == "\n" and stream.endswith("\r") else line + end
    return stream.encode(), [*map(expected, wires), StreamEnded({"tokens": 3})]


@given(written(), st.lists(st.integers(0, 5000), max_size=12))
def test_any_chunking_and_any_way_of_writing_gives_the_same_events(
    case: tuple[bytes, list[StreamEvent]], places: list[int]
) -> None:
    """S2: UTF-8, line ends, `data:` lines, U+2028, comments, ids and a BOM, split anywhere."""
    body, events = case
    assert decode(cut(body, places)) == events


@given(st.lists(st.integers(0, len(RECORDED)), max_size=40))
def test_any_chunking_of_a_recorded_stream_gives_the_same_events(places: list[int]) -> None:
    """S2: a stream of the stand-in, split anywhere."""
    events = decode([RECORDED])
    assert decode(cut(RECORDED, places)) == events
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == (
        "Grüße 👩‍🚀 aus\u2028zwei\u2029Zeilen\x85 — 日本語\r\nund\rmehr"
    )
    assert events[-1] == StreamEnded({"prompt_tokens": 7}, end_session=True)


def test_a_recorded_stream_byte_by_byte_gives_the_same_events() -> None:
    """S2: the smallest chunks there are."""
    assert decode([RECORDED[at : at + 1] for at in range(len(RECORDED))]) == decode([RECORDED])


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_cut_at_any_byte_has_no_end(line_end: bytes) -> None:
    """S1: only a whole `stream_end` proves the end, and what came before is a prefix of the whole."""
    body = RECORDED.replace(b"\n", line_end)
    whole = decode([body])
    # CR alone already ends the last line: the LF after it adds nothing.
    last = len(body) - (1 if line_end == b"\r\n" else 0)
    for at in range(last):
        events = decode([body[:at]])
        assert not any(isinstance(event, StreamEnded | StreamFailed) for event in events)
        assert events == whole[: len(events)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chunk", "stream_start", "tool_call", "handoff", "ping", "message", "stream_stop", ""]),
            st.sampled_from(
                ["{", "[]", "null", "7", '"text"', '{"delta": 7}', "NaN", "[" * 100_000, "1" * 5000, "\x00"]
            ),
        ),
        max_size=8,
    )
)
def test_unknown_events_and_malformed_json_are_passed_over_and_counted(odd: list[tuple[str, str]]) -> None:
    """S4: each odd event costs nothing but a count, and what follows is read."""
    noise = b"".join(f"event: {kind}\ndata: {data}\n\n".encode() for kind, data in odd)
    found = decoded(noise + whole_body(Answer.of("fine"), "Agent"))
    events, passed_over = found.events, found.reader.passed_over
    read = [event for event in events if event not in (StreamStarted(""), ToolStarted(""), HandedOff(""))]
    assert read == [
        StreamStarted("Agent"),
        TextDelta("fine"),
        StreamEnded({"prompt_tokens": 20, "completion_tokens": 30}),
    ]
    assert sum(passed_over.values()) + len(events) - len(read) == len(odd)
    unknown = sum(kind in {"ping", "message", "stream_stop", ""} for kind, _ in odd)
    assert passed_over[SkippedEvent.UNKNOWN_TYPE] == unknown


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_no_bytes_can_make_decoding_fail(noise: bytes, places: list[int]) -> None:
    """S4: whatever a broken server or proxy sends."""
    body = noise + b"\n\n" + Raw(b'event: chunk\ndata: {"delta": "\xff\xfe"}\n\n').data
    assert decode(cut(body, places)) == decode([body])
    assert decode([body])[-1] == TextDelta("\ufffd\ufffd")
