"""Bytes become text, or nothing."""

import codecs

import pytest

from bridge.conversation.files.decoding import decoded

TEXT = "Grüße, 世界 😀\nzweite Zeile"


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
)
def test_every_way_to_write_a_text_is_read(raw: bytes) -> None:
    assert decoded(raw, is_cut=False) == TEXT


def test_old_western_text_is_read_too() -> None:
    assert decoded("Größe: 5 €".encode("cp1252"), is_cut=False) == "Größe: 5 €"


@pytest.mark.parametrize("end", range(1, 12))
def test_a_text_that_is_cut_inside_a_character_loses_that_character_alone(end: int) -> None:
    read = decoded("😀世ü".encode()[:end], is_cut=True)
    assert read is not None
    assert "😀世ü".startswith(read)


def test_colours_of_a_log_are_left_out() -> None:
    assert decoded(b"\x1b[31mERROR\x1b[0m here", is_cut=False) == "ERROR here"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x7fELF\x02\x01\x01\x00",
        b"PK\x03\x04\x14\x00",
        b"\x89PNG\r\n\x1a\n\x00",
        b"text with a \x00 in it",
        codecs.BOM_UTF16_LE + b"\x00\xd8a",
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    assert decoded(raw, is_cut=False) is None
