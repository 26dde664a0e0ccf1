"""The traps of event streams, one by one."""

import json

import pytest

from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.payloads import SkippedEvent
from bridge.domain.stream_events import StreamEnded, StreamFailed, StreamStarted, TextDelta
from tests.unit.adapters.talkifai.decoding import decoded

START = b'event: stream_start\ndata: {"agent_name": "Ann"}\n\n'
HALLO = b'event: chunk\ndata: {"delta": "Hallo"}\n\n'
END = b"event: stream_end\ndata: {}\n\n"


def test_a_byte_order_mark_does_not_lose_the_first_event() -> None:
    assert decoded(b"\xef\xbb\xbf" + START).events == [StreamStarted("Ann")]


def test_keep_alives_after_an_id_give_no_empty_events() -> None:
    found = decoded(b"id: 1\n" + START + b": keep-alive\n\n: keep-alive\n\n\n\n" + HALLO)
    assert found.events == [StreamStarted("Ann"), TextDelta("Hallo")]
    assert not found.reader.passed_over


def test_a_last_event_without_its_blank_line_is_not_given_out() -> None:
    found = decoded(HALLO + END[:-1])
    assert found.events == [TextDelta("Hallo")]
    assert not found.reader.ended


def test_line_separators_of_unicode_are_text() -> None:
    assert decoded('event: chunk\ndata: {"delta": "a\u2028b\u2029c\x85d"}\n\n'.encode()).events == [
        TextDelta("a\u2028b\u2029c\x85d")
    ]


def test_an_event_without_a_type_is_unknown() -> None:
    found = decoded(b'data: {"delta": "a"}\n\n')
    assert found.events == []
    assert found.reader.passed_over == {SkippedEvent.UNKNOWN_TYPE: 1}


@pytest.mark.parametrize("last", [END, b'event: error\ndata: {"error": "broken"}\n\n'])
def test_nothing_follows_the_last_event(last: bytes) -> None:
    found = decoded(HALLO + last + HALLO, HALLO)
    assert len(found.events) == 2
    assert isinstance(found.events[-1], StreamEnded | StreamFailed)
    assert found.reader.ended


def test_a_surrogate_pair_split_over_two_chunks_is_one_character() -> None:
    body = b'event: chunk\ndata: {"delta": "Hi \\ud83d"}\n\nevent: chunk\ndata: {"delta": "\\ude00!"}\n\n'
    assert decoded(body).events == [TextDelta("Hi "), TextDelta("😀!")]


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    body = b'event: chunk\ndata: {"delta": "\\ud83d"}\n\nevent: chunk\ndata: {"delta": "x\\ude00"}\n\n'
    assert decoded(body).events == [TextDelta("\ufffdx\ufffd")]


@pytest.mark.parametrize("endless", [b"x" * 100, b"data: x\n", b": keep-alive\n\n"])
def test_bytes_without_an_event_are_over_bounds_and_earlier_events_count(endless: bytes) -> None:
    """S5: a line without an end, an event without an end, and comments cost a bounded amount of memory and time."""
    limits = TalkifaiLimits(event_bytes=1000)
    assert not decoded(HALLO, *[endless] * 5, limits=limits).fault
    beyond = decoded(HALLO, b"data: ", *[endless] * 200, b"\n\n", HALLO, limits=limits)
    assert beyond.events == [TextDelta("Hallo")]
    assert "within 1000 bytes" in beyond.fault


def test_small_events_that_come_in_one_read_may_be_longer_together_than_one_may_be() -> None:
    """S5: a proxy held the answer back, or this worker was busy."""
    limits = TalkifaiLimits(event_bytes=1000)
    found = decoded(HALLO * 100 + b"data: " + b"x" * 1000, limits=limits)
    assert found.events == [TextDelta("Hallo")] * 100
    assert "within 1000 bytes" in found.fault
    assert len(decoded(HALLO * 100, limits=limits).events) == 100


def test_an_answer_over_the_bound_stops_there() -> None:
    """S5: an endless answer ends at the cap, with the text up to it."""
    found = decoded(HALLO * 5, limits=TalkifaiLimits(answer_characters=12))
    assert found.events == [TextDelta("Hallo"), TextDelta("Hallo")]
    assert "12 characters" in found.fault


def test_an_empty_delta_is_passed_over() -> None:
    found = decoded(b'event: chunk\ndata: {"delta": ""}\n\n')
    assert found.events == []
    assert found.reader.passed_over == {SkippedEvent.EMPTY: 1}


def test_json_that_python_alone_would_refuse_to_parse_is_malformed() -> None:
    """S4: nesting without end and numbers without end."""
    deep = "[" * 200_000
    huge = json.dumps({"delta": 1}).replace("1", "1" * 10_000)
    found = decoded(f"event: chunk\ndata: {deep}\n\nevent: chunk\ndata: {huge}\n\n".encode())
    assert found.reader.passed_over == {SkippedEvent.MALFORMED: 2}
    assert not found.fault
