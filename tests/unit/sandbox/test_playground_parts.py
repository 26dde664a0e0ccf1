"""The small parts of the playground: what changed is sent once, wishes are read with care, strangers are known."""

import json

import pytest

from sandbox.playground.guard import is_from_here, security_headers
from sandbox.playground.people.wishes import LONGEST_TEXT, Wish, WishRefused
from sandbox.playground.show.board import Board

PORT = 8123
HERE = {"Host": f"127.0.0.1:{PORT}"}


def changes(board: Board, number: int) -> dict[str, object]:
    read: dict[str, object] = json.loads(board.since(number))
    return read


def test_a_page_is_sent_what_changed_since_it_heard_last() -> None:
    board = Board()
    assert board.write({"a": 1, "b": [2]})
    first = board.number
    assert not board.write({"a": 1, "b": [2]})
    assert board.write({"a": 3, "c": "</script>"})
    assert changes(board, first) == {"a": 3, "b": None, "c": "</script>"}
    assert changes(board, board.number) == {}


def test_a_new_page_is_sent_nothing_that_is_gone() -> None:
    board = Board()
    board.write({"a": 1, "b": 2})
    board.write({"a": 1})
    assert changes(board, 0) == {"a": 1}
    board.write({"a": 1, "b": 5})
    assert changes(board, 0) == {"a": 1, "b": 5}


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        (HERE, True),
        ({"Host": f"localhost:{PORT}", "Origin": f"http://localhost:{PORT}", "Sec-Fetch-Site": "same-origin"}, True),
        ({**HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, True),
        ({**HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False),
        ({**HERE, "Origin": f"http://127.0.0.1:{PORT + 1}"}, False),
        ({**HERE, "Origin": f"https://127.0.0.1:{PORT}"}, False),
        ({**HERE, "Origin": "null"}, False),
        ({"Host": f"rebound.example:{PORT}"}, False),
        ({"Host": "127.0.0.1"}, False),
        ({}, False),
    ],
)
def test_only_this_machine_and_this_page_are_let_in(headers: dict[str, str], is_let_in: bool) -> None:  # noqa: FBT001
    assert is_from_here(headers, PORT) is is_let_in


def test_the_policy_lets_nothing_load_from_elsewhere() -> None:
    policy = security_headers(PORT)["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert f"connect-src 'self' ws://127.0.0.1:{PORT} ws://localhost:{PORT};" in policy


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"as": 5}, lambda wish: wish.name("as")),
        ({"as": "x" * 201}, lambda wish: wish.name("as")),
        ({}, lambda wish: wish.name("as")),
        ({"text": "x" * (LONGEST_TEXT + 1)}, lambda wish: wish.text()),
        ({"text": ["x"]}, lambda wish: wish.text()),
        ({"id": True}, lambda wish: wish.number("id")),
        ({"id": "5"}, lambda wish: wish.optional_number("id")),
    ],
)
def test_a_wish_that_is_not_as_it_should_be_is_refused(fields: dict[str, object], read: object) -> None:
    assert callable(read)
    with pytest.raises(WishRefused):
        read(Wish(fields))
