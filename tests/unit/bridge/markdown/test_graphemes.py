"""Characters as people see them."""

import pytest

from bridge.markdown.graphemes import before_cluster, clusters, columns

SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("character", "width"),
    [
        ("a", 1),
        ("é", 1),
        ("e\u0301", 1),
        ("漢", 2),
        ("한", 2),
        ("\u1112\u1161\u11ab", 2),
        ("ｶ", 1),
        ("✅", 2),
        ("⚠️", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("👩🏽‍🚀", 2),
        ("🇩🇪", 2),
        (SCOTLAND, 2),
        ("नि", 1),
        ("ที่", 1),
        ("\u200b", 0),
    ],
)
def test_a_character_is_one_cluster_with_its_width(character: str, width: int) -> None:
    """S12: combining marks, joined emoji, flags."""
    assert list(clusters(character)) == [character]
    assert columns(character) == width


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
