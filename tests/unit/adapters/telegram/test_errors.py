"""What each exception of the library means."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from adapters.telegram.api.errors import Call, retry_after_s, translated
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    MessageGone,
    PageRejected,
    PlaceGone,
    PlaceMuted,
    PostUncertain,
)


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


def translate(error: TelegramError, call: Call) -> BridgeError:
    with pytest.raises(BridgeError) as raised, translated(call, "telegram:100:5"):
        raise error
    return raised.value


@pytest.mark.parametrize(
    ("error", "on_post", "on_edit"),
    [
        (TimedOut(), PostUncertain, ChannelUnavailable),
        (NetworkError("httpx.ReadError: x"), PostUncertain, ChannelUnavailable),
        (caused(TimedOut(), httpx.ReadTimeout("x")), PostUncertain, ChannelUnavailable),
        (caused(NetworkError("x"), httpx.RemoteProtocolError("x")), PostUncertain, ChannelUnavailable),
        (caused(NetworkError("x"), httpx.ConnectError("x")), ChannelUnavailable, ChannelUnavailable),
        (caused(TimedOut(), httpx.ConnectTimeout("x")), ChannelUnavailable, ChannelUnavailable),
        (caused(TimedOut(), httpx.PoolTimeout("x")), ChannelUnavailable, ChannelUnavailable),
        (TelegramError("Invalid server response"), PostUncertain, ChannelUnavailable),
        (Forbidden("Forbidden: bot was kicked"), PlaceGone, PlaceGone),
        (BadRequest("Chat not found"), PlaceGone, PlaceGone),
        (BadRequest("Message thread not found"), PlaceGone, PlaceGone),
        (BadRequest("Not enough rights to send text messages to the chat"), PlaceMuted, PlaceMuted),
        (BadRequest("Message to edit not found"), MessageGone, MessageGone),
        (BadRequest("Message can't be edited"), MessageGone, MessageGone),
        (BadRequest("Message is too long"), PageRejected, PageRejected),
        (BadRequest("Can't parse entities: x"), PageRejected, PageRejected),
        (InvalidToken(), ChannelTokenRefused, ChannelTokenRefused),
        (EndPointNotFound("x"), ChannelTokenRefused, ChannelTokenRefused),
        (Conflict("x"), ChannelUnavailable, ChannelUnavailable),
        (RetryAfter(7), ChannelRateLimited, ChannelRateLimited),
    ],
)
def test_each_exception_has_its_meaning(
    error: TelegramError, on_post: type[BridgeError], on_edit: type[BridgeError]
) -> None:
    assert type(translate(error, Call.POST)) is on_post
    assert type(translate(error, Call.EDIT)) is on_edit


def test_not_modified_is_done_for_an_edit_alone() -> None:
    """S13: whatever the case of its first letter."""
    for text in ("Message is not modified: specified new", "message is not modified"):
        with translated(Call.EDIT, "scope"):
            raise BadRequest(text)
    assert type(translate(BadRequest("message is not modified"), Call.POST)) is PageRejected


@pytest.mark.parametrize("wait", [33, timedelta(seconds=33)])
def test_the_wait_of_a_429_is_read_in_both_forms(wait: int | timedelta) -> None:
    assert retry_after_s(RetryAfter(wait)) == 33.0
    limited = translate(RetryAfter(wait), Call.EDIT)
    assert isinstance(limited, ChannelRateLimited)
    assert (limited.retry_after_s, limited.scope) == (33.0, "telegram:100:5")


def test_the_wait_is_read_where_the_library_is_told_to_give_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RetryAfter(33)
    monkeypatch.setattr(RetryAfter, "retry_after", 33)
    assert retry_after_s(error) == 33.0


def test_a_move_of_the_chat_passes_through() -> None:
    """S15: the caller knows the chat and repeats the call."""
    with pytest.raises(ChatMigrated), translated(Call.POST, "scope"):
        raise ChatMigrated(-1009)


def test_a_refused_token_does_not_print_it() -> None:
    """A3: the library's own text holds the token."""
    refused = translate(InvalidToken("The token `100:canary` was rejected by the server."), Call.OTHER)
    assert "canary" not in str(refused)
    assert refused.__suppress_context__
