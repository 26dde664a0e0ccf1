import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import MASK, Redactor


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key tk_live_abc-DEF_1 used", f"key {MASK} used"),
        ("xoxb-1-2-abc", MASK),
        ("xoxe.xoxb-1-abc", MASK),
        ("token=xapp-1-A0-b", f"token={MASK}"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln.", f"jwt {MASK}."),
        ("cut eyJhbGciOiJIUzI1NiJ9", f"cut {MASK}"),
        ("https://api.telegram.org/bot12:ab_c/getUpdates", f"https://api.telegram.org/bot{MASK}/getUpdates"),
        ("http://h/bot12%3Aab/x", f"http://h/bot{MASK}/x"),
        ("123456789:AAabcdefghijklmnopqrstuvwxyz0123456", MASK),
        ("redis://:pa%40ss@h:1/0", f"redis://{MASK}@h:1/0"),
        ("wss://h/link/?ticket=abc-1&app_id=2", f"wss://h/link/?ticket={MASK}&app_id=2"),
        ("https://h/a?b=c&access_token=abc-1", f"https://h/a?b=c&access_token={MASK}"),
        ("https://h/a?token=abc-1#d", f"https://h/a?token={MASK}"),
        ("Authorization: Bearer abcdefghijklmnop123", f"Authorization: Bearer {MASK}"),
        ("authorization: bearer abcdefghijklmnop123", f"authorization: bearer {MASK}"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, left: str) -> None:
    """A3: also for secrets that the bridge does not know."""
    assert Redactor().text(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "add the bot token (xoxb-) here",
        "tk_live_ is how a key begins",
        "12:30:45 at host:6379",
        "https://slack.com/api/chat.update?ts=1.2",
        "the bearer of news",
        "slack:T012:C345:1700000000.000100",
        "telegram:123456789:-100123:7",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor(["", "abc"]).text(text) == text


def test_a_known_secret_is_found_in_every_spelling() -> None:
    """A3: plain, in an address, in JSON, in Python's quotes."""
    secret = "s'cr\"et/12:\u00e4 b"
    redactor = Redactor([secret])
    from_json = json.dumps({"k": secret})
    for text in (secret, f"http://h/{secret}", "s%27cr%22et/12%3A%C3%A4%20b", from_json, repr(secret)):
        left = redactor.text(text)
        assert MASK in left
        assert "cr" not in left


def test_a_secret_that_holds_another_goes_as_a_whole() -> None:
    assert Redactor(["inner", "outer-inner-outer"]).text("outer-inner-outer inner") == f"{MASK} {MASK}"


def test_values_of_every_kind_are_looked_through() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "Odd(canary)"

    value = {"canary": ["canary", ("a canary", 1, None, True, 2.5)], "odd": Odd(), "raw": b"canary", "set": {"canary"}}
    assert Redactor(["canary"]).value(value) == {
        MASK: [MASK, [f"a {MASK}", 1, None, True, 2.5]],
        "odd": f"Odd({MASK})",
        "raw": f"b'{MASK}'",
        "set": [MASK],
    }


def test_a_value_that_holds_itself_ends() -> None:
    endless: list[object] = ["canary"]
    endless.append(endless)
    assert "canary" not in str(Redactor(["canary"]).value(endless))


@given(st.text(alphabet="ab :/-%", max_size=20), st.text(alphabet="ab :/-%", max_size=20))
def test_no_surrounding_hides_a_known_secret(before: str, after: str) -> None:
    """A3: whatever stands around it."""
    assert "CANARY" not in Redactor(["xCANARYx"]).text(f"{before}xCANARYx{after}")
