"""What asks something, and what only looks like nothing."""

import sys
import unicodedata

import pytest
import regex

from bridge.domain.incoming import has_words

_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\u2800\ufff9-\ufffc]")
_ANY_YEAR = {"Cn", "Cs"}
"""Not assigned yet: one of the two Unicode versions may know more than the other."""


def test_the_signs_that_show_nothing_are_those_that_unicode_names() -> None:
    for number in range(sys.maxunicode + 1):
        sign = chr(number)
        if unicodedata.category(sign) not in _ANY_YEAR:
            assert has_words(sign) is (_UNSEEN.fullmatch(sign) is None), hex(number)


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\u2060\ufeff \u00a0", "\u3164", "\u2800\n\u2800", "\U000e0041\ufe0f", "\x00"]
)
def test_a_text_in_which_nothing_is_seen_has_no_words(text: str) -> None:
    assert not has_words(text)


@pytest.mark.parametrize("text", ["?", "\u200ba", "❤\ufe0f", "👩\u200d🔬", "\u0301", ".", "\ufffd", "\U000fff00"])
def test_whatever_is_seen_counts(text: str) -> None:
    assert has_words(text)
