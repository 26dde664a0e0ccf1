"""Decodes the bytes of a file, if they are text. Pure: nothing is ever run or rendered."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_IN_TEXTS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Control signs that no text has; escape sequences of colours are common in logs."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~])?")


def decoded(raw: bytes, *, is_cut: bool) -> str | None:
    """Return the text of a file; None where the bytes are no text.

    Args:
        raw: The bytes, or the first of them.
        is_cut: There are more: the last character may be incomplete.
    """
    text = _text_of(raw, is_cut=is_cut)
    if text is None or _NOT_IN_TEXTS.search(text):
        return None
    return _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def _text_of(raw: bytes, *, is_cut: bool) -> str | None:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _strictly(raw.removeprefix(mark), encoding, is_cut=is_cut)
    # The old Western encoding takes every byte, so it comes last.
    text = _strictly(raw, "utf-8", is_cut=is_cut)
    return raw.decode("cp1252", "replace") if text is None else text


def _strictly(raw: bytes, encoding: str, *, is_cut: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return None
