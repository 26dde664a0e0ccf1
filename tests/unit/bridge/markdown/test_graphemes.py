"""Characters as people see them."""

import pytest

from bridge.markdown.graphemes import before_cluster, clusters

SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    "character",
    [
        *("a", "é", "e\u0301", "漢", "한", "\u1112\u1161\u11ab", "ｶ", "✅", "⚠️", "👨‍👩‍👧‍👦", "👩🏽‍🚀", "🇩🇪", SCOTLAND),
        *("नि", "ที่", "\u200b", "\r\n"),
        *("\uac00\u11a8", "क्ष", "\u0600\u0661"),
    ],
)
def test_a_character_is_one_cluster(character: str) -> None:
    """S12: combining marks, joined emoji, flags, Hangul with a final, Indic conjuncts, prepended marks."""
    assert list(clusters(character)) == [character]
    assert before_cluster(f"x\n{character}y", 2 + len(character) // 2) in (2, 2 + len(character))


def test_flags_pair_up_from_the_left() -> None:
    assert list(clusters("🇩🇪🇫🇷🇮")) == ["🇩🇪", "🇫🇷", "🇮"]
    assert list(clusters("")) == []


@pytest.mark.parametrize("text", ["👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "🇩🇪🇫🇷🇮🇹", f"{SCOTLAND}{SCOTLAND}", "e\u0301a\u0301", "ab"])
def test_a_cut_moves_to_the_start_of_its_cluster(text: str) -> None:
    """S12: never inside a grapheme, unless that is all there is."""
    places = [0]
    for cluster in clusters(text):
        places.append(places[-1] + len(cluster))
    for place in range(places[1], len(text)):
        assert before_cluster(text, place) in places
