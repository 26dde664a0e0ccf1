"""Signs that steer, hide or overflow are taken out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.markdown.sanitize import sanitize

SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
FLOODS = st.text(
    alphabet=st.sampled_from("a \n\u0301\u200b\u200d\ufeff\u202e\U000e0041🏴👩🚀\r\x00\ud800"), max_size=60
)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\x00b\x1b[0mc\x9b", "ab[0mc"),
        ("right\u202eleft\u2066", "rightleft"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("half \ud83d", "half \ufffd"),
        ("zero\u200b\u200b\u200b\u200bwidth", "zero\u200b\u200bwidth"),
        ("z" + "\u0301" * 30, "z" + "\u0301" * 8),
        ("hidden\U000e0041\U000e0042 words", "hidden words"),
        ("\tcode\n", "\tcode\n"),
    ],
)
def test_what_steers_or_floods_is_taken_out(written: str, seen: str) -> None:
    """A13: controls, directions, invisible signs, piles of marks."""
    assert sanitize(written) == seen


@pytest.mark.parametrize(
    "text", [SCOTLAND, "👨‍👩‍👧‍👦", "שָׁלוֹם", "\u0645\u06cc\u200c\u062e\u0648", "Nguyễn", "किं", "❤️", "a\u200fb"]
)
def test_what_languages_need_stays(text: str) -> None:
    """A13: readable means every script."""
    assert sanitize(text) == text


@given(FLOODS, st.integers(0, 60))
def test_what_a_prefix_shows_goes_on(text: str, end: int) -> None:
    """A13, S11: taking signs out makes no text jump back, but for a line end that is still half."""
    assert sanitize(text).startswith(sanitize(text[:end]).rstrip("\n\ufffd"))
