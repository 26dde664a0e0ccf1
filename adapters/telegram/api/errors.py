"""The one translation of python-telegram-bot's exceptions into the bridge's.

In that library `BadRequest` and `TimedOut` are subclasses of `NetworkError`, so the order of the cases counts.
Texts of the server are compared in lower case, because the library changes their first letter. Errors are raised
without their cause: a refused token stands in the library's own text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum

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
)

from adapters.http_transport import NOT_SENT
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

THE_TOKEN = "TELEGRAM_BOT_TOKEN"  # noqa: S105 - the setting of the one bot


class Call(StrEnum):
    """What was asked of Telegram: the same failure means different things to different calls."""

    POST = "post"
    EDIT = "edit"
    OTHER = "other"


_PLACE_GONE = (
    "chat not found",
    "thread not found",
    "message to be replied not found",
    "topic_deleted",
    "group chat was deactivated",
    "peer_id_invalid",
    "user is deactivated",
)
_PLACE_MUTED = (
    "not enough rights to send",
    "have no rights to send",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_send_plain_forbidden",
    "chat_guest_send_forbidden",
    "user_banned_in_channel",
)
_THREAD_MUTED = "topic_closed"
_MESSAGE_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message not found")
_NOT_MODIFIED = "message is not modified"


@contextmanager
def translated(call: Call, scope: str, token_name: str = THE_TOKEN) -> Iterator[None]:
    """Turn what the library raises inside into a `BridgeError`.

    An edit that is "not modified" is done and raises nothing. `ChatMigrated` passes through: the caller repeats
    the call at the new place. `scope` names what a 429 speaks of, `token_name` what to change when the token is
    refused.
    """
    try:
        yield
    except ChatMigrated:
        raise
    except BadRequest as exc:
        if call is Call.EDIT and _NOT_MODIFIED in exc.message.lower():
            return
        raise _refusal(exc) from None
    except TelegramError as exc:
        if is_token_refusal(exc):
            raise token_refused(token_name) from None
        raise _failure(exc, call, scope) from None


def retry_after_s(exc: RetryAfter) -> float:
    """Read the wait of a 429: a timedelta, or whole seconds where the environment says so to the library."""
    wait = exc.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def is_token_refusal(exc: TelegramError) -> bool:
    """Say whether Telegram refuses the token: 401 or 404, which raw calls of an initialised bot report differently."""
    return isinstance(exc, InvalidToken | EndPointNotFound)


def token_refused(token_name: str) -> ChannelTokenRefused:
    """Name the setting to change."""
    return ChannelTokenRefused(
        f"{token_name}: Telegram refuses this token. Copy the bot's current token from @BotFather, /mybots."
    )


def _refusal(exc: BadRequest) -> BridgeError:
    """Translate a 400: the server has read the call and had no effect."""
    said = exc.message.lower()
    if any(words in said for words in _MESSAGE_GONE):
        return MessageGone(f"Telegram: {exc.message}")
    if any(words in said for words in _PLACE_GONE):
        return PlaceGone(f"Telegram: {exc.message}")
    if _THREAD_MUTED in said or any(words in said for words in _PLACE_MUTED):
        return PlaceMuted(f"Telegram: {exc.message}", thread_only=_THREAD_MUTED in said)
    return PageRejected(f"Telegram: {exc.message}")


def _failure(exc: TelegramError, call: Call, scope: str) -> BridgeError:
    if isinstance(exc, RetryAfter):
        return ChannelRateLimited(retry_after_s(exc), scope)
    if isinstance(exc, Forbidden):
        return PlaceGone(f"Telegram: {exc.message}")
    if isinstance(exc, Conflict):
        return ChannelUnavailable("Telegram: another process polls with the same token, or a webhook is set")
    surely_without_effect = isinstance(exc.__cause__, NOT_SENT)
    if call is Call.POST and not surely_without_effect:
        return PostUncertain(f"Telegram's answer to a post was lost: {_kind(exc)}")
    return ChannelUnavailable(f"Telegram cannot be reached: {_kind(exc)}")


def _kind(exc: TelegramError) -> str:
    """Name a failure without any text that could hold an address."""
    cause = type(exc.__cause__).__name__ if exc.__cause__ is not None else ""
    words = [type(exc).__name__, cause]
    if isinstance(exc, NetworkError) and not cause:
        words.append(exc.message)
    return " ".join(word for word in words if word)
