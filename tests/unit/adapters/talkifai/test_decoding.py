"""The traps of event streams, one by one."""

import json

import pytest

from adapters.talkifai.http import sse_fields
from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.payloads import SkippedEvent
from adapters.talkifai.sse_decoder import StreamDecoder
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, StreamStarted, TextDelta

START = b'event: stream_start\ndata: {"agent_name": "Ann"}\n\n'
HALLO = b'event: chunk\ndata: {"delta": "Hallo"}\n\n'
END = b"event: stream_end\ndata: {}\n\n"


def new_decoder(limits: TalkifaiLimits | None = None) -> StreamDecoder:
    return StreamDecoder(sse_fields(), limits or TalkifaiLimits())


def decode(body: bytes) -> list[StreamEvent]:
    return list(new_decoder().feed(body))


def test_a_byte_order_mark_does_not_lose_the_first_event() -> None:
    assert decode(b"\xef\xbb\xbf" + START) == [StreamStarted("Ann")]


def test_keep_alives_after_an_id_give_no_empty_events() -> None:
    decoder = new_decoder()
    assert list(decoder.feed(b"id: 1\n" + START + b": keep-alive\n\n: keep-alive\n\n\n\n" + HALLO)) == [
        StreamStarted("Ann"),
        TextDelta("Hallo"),
    ]
    assert not decoder.passed_over


def test_a_last_event_without_its_blank_line_is_not_given_out() -> None:
    decoder = new_decoder()
    assert list(decoder.feed(HALLO + END[:-1])) == [TextDelta("Hallo")]
    assert not decoder.ended


def test_line_separators_of_unicode_are_text() -> None:
    assert decode('event: chunk\ndata: {"delta": "a\u2028b\u2029c\x85d"}\n\n'.encode()) == [
        TextDelta("a\u2028b\u2029c\x85d")
    ]


def test_an_event_without_a_type_is_unknown() -> None:
    decoder = new_decoder()
    assert list(decoder.feed(b'data: {"delta": "a"}\n\n')) == []
    assert decoder.passed_over == {SkippedEvent.UNKNOWN_TYPE: 1}


@pytest.mark.parametrize("last", [END, b'event: error\ndata: {"error": "broken"}\n\n'])
def test_nothing_follows_the_last_event(last: bytes) -> None:
    decoder = new_decoder()
    events = [*decoder.feed(HALLO + last + HALLO), *decoder.feed(HALLO)]
    assert len(events) == 2
    assert isinstance(events[-1], StreamEnded | StreamFailed)
    assert decoder.ended


def test_a_surrogate_pair_split_over_two_chunks_is_one_character() -> None:
    body = b'event: chunk\ndata: {"delta": "Hi \\ud83d"}\n\nevent: chunk\ndata: {"delta": "\\ude00!"}\n\n'
    assert decode(body) == [TextDelta("Hi "), TextDelta("😀!")]


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    body = b'event: chunk\ndata: {"delta": "\\ud83d"}\n\nevent: chunk\ndata: {"delta": "x\\ude00"}\n\n'
    assert decode(body) == [TextDelta("\ufffdx\ufffd")]


def test_an_endless_line_is_over_bounds_and_earlier_events_count() -> None:
    """S5: a line without an end costs a bounded amount of memory."""
    decoder = new_decoder(TalkifaiLimits(line_bytes=1000))
    assert list(decoder.feed(HALLO + b"data: " + b"x" * 900)) == [TextDelta("Hallo")]
    assert not decoder.fault
    assert list(decoder.feed(b"x" * 900)) == []
    assert "line" in decoder.fault
    assert list(decoder.feed(b"\n\n" + HALLO)) == []


def test_an_event_of_endless_lines_is_over_bounds() -> None:
    """S5: short lines without a blank one are bounded too."""
    decoder = new_decoder(TalkifaiLimits(event_bytes=1000))
    for _ in range(1000):
        decoder.feed(b"data: x\n")
    assert "event" in decoder.fault


def test_endless_comments_are_no_event_and_no_harm() -> None:
    decoder = new_decoder(TalkifaiLimits(event_bytes=1000))
    for _ in range(1000):
        decoder.feed(b": keep-alive\n")
    assert not decoder.fault
    assert list(decoder.feed(HALLO)) == [TextDelta("Hallo")]


def test_an_answer_over_the_bound_stops_there() -> None:
    """S5: an endless answer ends at the cap, with the text up to it."""
    decoder = new_decoder(TalkifaiLimits(answer_characters=12))
    assert list(decoder.feed(HALLO * 5)) == [TextDelta("Hallo"), TextDelta("Hallo")]
    assert "12 characters" in decoder.fault


def test_an_empty_delta_is_passed_over() -> None:
    decoder = new_decoder()
    assert list(decoder.feed(b'event: chunk\ndata: {"delta": ""}\n\n')) == []
    assert decoder.passed_over == {SkippedEvent.EMPTY: 1}


def test_json_that_python_alone_would_refuse_to_parse_is_malformed() -> None:
    """S4: nesting without end and numbers without end."""
    deep = "[" * 200_000
    huge = json.dumps({"delta": 1}).replace("1", "1" * 10_000)
    decoder = new_decoder()
    decoder.feed(f"event: chunk\ndata: {deep}\n\nevent: chunk\ndata: {huge}\n\n".encode())
    assert decoder.passed_over == {SkippedEvent.MALFORMED: 2}
    assert not decoder.fault
