"""The one place where Slack's and aiohttp's errors become the bridge's.

| what happened | a post | anything else |
| --- | --- | --- |
| the connection was refused, or never made | `ChannelUnavailable` | `ChannelUnavailable` |
| the answer was lost, late, or not Slack's (HTML 5xx) | `PostUncertain` | `ChannelUnavailable` |
| `internal_error`, `fatal_error`: part of it may have been done | `PostUncertain` | `ChannelUnavailable` |
| 429 | `ChannelRateLimited` | `ChannelRateLimited` |
| `ok: false` with another code: refused, no effect | by code | by code |

Nothing of a foreign error is kept, as Slack's carry the request's headers and so the token.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

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

NOT_MODIFIED = frozenset({"message_not_modified", "no_change", "not_modified"})
BLOCKS_REFUSED = frozenset({"block_mismatch", "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})

_RATE_LIMITED = frozenset({"rate_limited", "ratelimited"})
_MAYBE_DONE = frozenset({"fatal_error", "internal_error", "service_unavailable"})
_NOT_DONE = frozenset({"external_channel_migrating", "request_timeout", "team_added_to_org"})
_MESSAGE_GONE = frozenset(
    {"cant_update_message", "edit_window_closed", "message_not_found", "message_not_owned_by_app"}
    | {"streaming_state_conflict"}
)
_TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code, not a token
_TOKEN_REFUSED = frozenset(
    {"access_denied", "account_inactive", "invalid_auth", "missing_scope", "no_permission", "not_allowed_token_type"}
    | {"not_authed", "org_login_required", "team_access_not_granted", "token_revoked", _TOKEN_EXPIRED}
)
_TOKEN_GONE = frozenset({"account_inactive", "token_revoked"})
_PLACE_GONE = frozenset(
    {"channel_not_found", "channel_type_not_supported", "is_inactive", "method_not_supported_for_channel_type"}
    | {"not_in_channel", "thread_not_found"}
)
_PLACE_MUTED = frozenset(
    {"accesslimited", "channel_is_limited_access", "ekm_access_denied", "enterprise_is_restricted", "is_archived"}
    | {"message_limit_exceeded", "messages_tab_disabled", "restricted_action", "restricted_action_read_only_channel"}
    | {"restricted_action_non_threadable_channel", "restricted_action_thread_only_channel"}
)
_THREAD_MUTED = frozenset({"cannot_reply_to_message", "restricted_action_thread_locked"})
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError)
_ANSWER_LOST = (aiohttp.ClientError, TimeoutError, SlackClientError)
# What the SDK trips over in an answer that is no JSON object.
_ODD_ANSWER = (AttributeError, LookupError, ValueError)
_WAIT_S = 30.0
"""Slack's own default where a 429 names no time (docs: apis/web-api/rate-limits)."""


class TokenGone(ChannelTokenRefused):
    """The app was removed from the workspace, or the workspace is gone: the token will never work again."""


class TokenExpired(ChannelTokenRefused):
    """The token was good for some hours, and is to be renewed: what was refused to it is not refused for good."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is being tried: decides what an error means."""

    method: str
    scope: str = ""
    """The budget that a 429 speaks of."""
    may_not_repeat: bool = False
    """True for posts: a lost answer leaves it open whether the message is there."""
    token_name: str = "SLACK_BOT_TOKEN"  # noqa: S105 - the name of a setting, not a token


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Raise the bridge's errors in place of Slack's and aiohttp's. Wraps one call of the SDK."""
    try:
        yield
    except SlackApiError as error:
        raise _from_answer(error, call) from None
    except _NEVER_SENT as error:
        raise ChannelUnavailable(f"Slack cannot be reached for {call.method}: {type(error).__name__}") from None
    except (*_ANSWER_LOST, *_ODD_ANSWER) as error:
        raise _lost(call, type(error).__name__) from None


def code_of(error: SlackApiError) -> str:
    """Return Slack's own code, such as `channel_not_found`; empty where the answer is not in Slack's form."""
    data = getattr(error.response, "data", None)
    code = data.get("error") if isinstance(data, Mapping) else None
    return code[:80] if isinstance(code, str) and code.isascii() and code.isprintable() else ""


def is_refusal(error: SlackApiError) -> bool:
    """Say whether Slack surely did not do it, and would not do it later either."""
    code = code_of(error)
    is_limit = _status_of(error) == HTTPStatus.TOO_MANY_REQUESTS or code in _RATE_LIMITED
    return bool(code) and not is_limit and code not in _MAYBE_DONE | _NOT_DONE


def _from_answer(error: SlackApiError, call: Call) -> BridgeError:
    status, code = _status_of(error), code_of(error)
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in _RATE_LIMITED:
        return ChannelRateLimited(_retry_after_s(error), call.scope or call.method)
    if code in _MAYBE_DONE:
        return _lost(call, code)
    if not code:
        is_server_error = status < HTTPStatus.BAD_REQUEST or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        refused = ChannelUnavailable(f"HTTP {status} to {call.method}, not in Slack's form")
        return _lost(call, f"HTTP {status}") if is_server_error else refused
    return _from_code(code, call)


def _from_code(code: str, call: Call) -> BridgeError:
    told = f"Slack refused {call.method}: {code}"
    if code in _TOKEN_REFUSED:
        kind = TokenExpired if code == _TOKEN_EXPIRED else TokenGone if code in _TOKEN_GONE else ChannelTokenRefused
        return kind(f"{call.token_name}: Slack answers {code} to {call.method}. {_remedy(code, call)}")
    if code in _NOT_DONE:
        return ChannelUnavailable(told)
    if code in _MESSAGE_GONE:
        return MessageGone(told)
    if code in _PLACE_MUTED | _THREAD_MUTED:
        return PlaceMuted(told, thread_only=code in _THREAD_MUTED)
    return PlaceGone(told) if code in _PLACE_GONE else PageRejected(told)


def _remedy(code: str, call: Call) -> str:
    if code == "missing_scope":
        return "Add the scopes of config/slack-manifest.yaml to the app and install it again."
    if call.token_name == "SLACK_APP_TOKEN":  # noqa: S105 - the name of a setting, not a token
        return "Use an app-level token (xapp-…) with the scope connections:write."
    return "Use the bot token (xoxb-…) of an app that is installed in the workspace."


def _lost(call: Call, what: str) -> BridgeError:
    if call.may_not_repeat:
        return PostUncertain(f"the answer to {call.method} was lost: {what}")
    return ChannelUnavailable(f"no usable answer to {call.method}: {what}")


def _status_of(error: SlackApiError) -> int:
    """Read the status from the SDK's answer, or from aiohttp's where the SDK could not read the body."""
    for name in ("status_code", "status"):
        status = getattr(error.response, name, None)
        if isinstance(status, int):
            return status
    return 0


def _retry_after_s(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None)
    said = headers.get("Retry-After", "") if isinstance(headers, Mapping) else ""
    return max(1.0, float(said)) if isinstance(said, str) and said.isdecimal() and said.isascii() else _WAIT_S
