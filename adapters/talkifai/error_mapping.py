"""The error table: what each refusal of TalkifAI means to the bridge. Pure.

Source: Text Chat API, "Errors". Bodies come as `{"success": false, "error", "code"}`, `{"error"}` or `{"detail"}`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from adapters.talkifai.payloads import fix_surrogates, json_object
from adapters.talkifai.rate_limit_headers import read_retry_after, read_wait
from bridge.domain.errors import (
    AgentKeyRefused,
    AgentNotText,
    AgentOutOfCredits,
    AgentRateLimited,
    AgentUnavailable,
    BridgeError,
    ConversationLost,
    Misconfigured,
    QuestionTooLong,
    SettingWrong,
    StreamBroken,
)

_TEXT_CHARACTERS = 200
_WAIT_UNSTATED_S = 5.0
_CODE = re.compile(r"[A-Za-z]+(_[A-Za-z]+)+")
_LOOKS_SECRET = re.compile(r"eyJ[\w-]+(\.[\w-]*){0,2}|tk_[a-z]+_[\w-]+|[Bb]earer\s+\S+")


class Call(StrEnum):
    """TalkifAI's calls, as errors name them."""

    KEY = "a check of the key"
    """An opening that names no agent, and so opens nothing."""
    AGENT = "a look at the agent"
    OPEN = "open"
    ASK = "ask"
    HISTORY = "history"
    END = "end"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not what was asked for."""

    call: Call
    status: int
    code: str
    """TalkifAI's code in lower case; empty where it gave none."""
    text: str
    """TalkifAI's words, shortened and without secrets, for the operator."""
    retry_after_s: float | None

    def __str__(self) -> str:
        words = [f"TalkifAI answered {self.status} to {self.call}", self.code, self.text]
        return ": ".join(word for word in words if word)


def read_refusal(
    call: Call, status: int, headers: Mapping[str, str], body: bytes, *, now: float, secrets: Iterable[str]
) -> Refusal:
    """Read an error's status, headers (names in lower case) and body in any of its three forms."""
    code, text = _code_and_text(json_object(body) or {})
    wait = read_wait if status == 429 else read_retry_after  # noqa: PLR2004 - the status "Too Many Requests"
    return Refusal(call, status, code, without_secrets(text, secrets), wait(headers, now))


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Make a foreign text fit for logs: one line, bounded, no secret that we know or that looks like one."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return " ".join(fix_surrogates(_LOOKS_SECRET.sub("…", text)).split())[:_TEXT_CHARACTERS]


def _code_and_text(fields: Mapping[str, Any]) -> tuple[str, str]:
    said = fields.get("error") or fields.get("detail") or fields.get("message") or ""
    if isinstance(said, dict):
        return _code_and_text(said) if "error" in said or "message" in said else (_code(said.get("code")), "")
    text = said if isinstance(said, str) else str(said)[: 10 * _TEXT_CHARACTERS]
    return _code(fields.get("code")) or _code(text), text


def _code(value: object) -> str:
    return value.lower() if isinstance(value, str) and _CODE.fullmatch(value) else ""


def error_for(refusal: Refusal) -> BridgeError:
    """Return the error that a refusal is.

    Only `StreamBroken` leaves open whether a question arrived: that is any 5xx to an ask, except 503 with
    `Retry-After`, which a server sends before it takes a request on.
    """
    status = refusal.status
    if status == 429 or (status == 503 and refusal.retry_after_s is not None):  # noqa: PLR2004 - HTTP statuses
        wait_s = _WAIT_UNSTATED_S if refusal.retry_after_s is None else refusal.retry_after_s
        return AgentRateLimited(wait_s)
    if 400 <= status < 500:  # noqa: PLR2004 - HTTP's client errors
        return _client_error(refusal)
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's redirects, which a request with a secret does not follow
        return SettingWrong("TALKIFAI_BASE_URL", f"it redirects ({refusal})", "Give the address it leads to")
    return StreamBroken(str(refusal)) if refusal.call is Call.ASK else AgentUnavailable(str(refusal))


_BY_CODE: Mapping[str, type[BridgeError]] = {
    "message_too_long": QuestionTooLong,
    "not_text_agent": AgentNotText,
    "invalid_api_key": AgentKeyRefused,
    "insufficient_credits": AgentOutOfCredits,
    "invalid_token": ConversationLost,
    "conversation_mismatch": ConversationLost,
}
_BY_STATUS: Mapping[int, type[BridgeError]] = {
    401: ConversationLost,
    402: AgentOutOfCredits,
    403: AgentUnavailable,  # without a code of TalkifAI's it comes from something before it, as a firewall
    404: ConversationLost,
    408: AgentUnavailable,
    409: AgentUnavailable,
    410: ConversationLost,
    413: QuestionTooLong,
    423: AgentUnavailable,
    425: AgentUnavailable,
}
_OPEN_BY_STATUS: Mapping[int, type[BridgeError]] = {401: AgentKeyRefused, 403: AgentKeyRefused}
_REMEDIES: Mapping[type[BridgeError], str] = {
    AgentKeyRefused: "TALKIFAI_API_KEY: TalkifAI refuses this key. Copy it again from TalkifAI Studio",
    AgentNotText: "TALKIFAI_AGENT_ID: this is a voice agent. Use the id of a text agent",
    AgentOutOfCredits: "the TalkifAI account has no credits left. Add credits in TalkifAI Studio",
}
"""What an operator reads before TalkifAI's own words."""


def _client_error(refusal: Refusal) -> BridgeError:
    """Read a 4xx: the code says most; opening sends the key where the other calls send the session's token."""
    opening = refusal.call is Call.OPEN
    if opening and refusal.status == 404:  # noqa: PLR2004 - the status "Not Found"
        return SettingWrong(
            "TALKIFAI_AGENT_ID", f"TalkifAI does not know this agent ({refusal})", "Copy the id from TalkifAI Studio"
        )
    if opening and refusal.status in _OPEN_BY_STATUS:
        return _with_remedy(_OPEN_BY_STATUS[refusal.status], refusal)
    if refusal.call is Call.KEY and refusal.status == 401:  # noqa: PLR2004 - the status "Unauthorized"
        return _with_remedy(AgentKeyRefused, refusal)
    kind = _BY_CODE.get(refusal.code) or _BY_STATUS.get(refusal.status) or Misconfigured
    if refusal.call is Call.END and kind in (ConversationLost, AgentKeyRefused):
        # Only a refused token may mean that nothing is left to close.
        kind = ConversationLost if refusal.status == 401 else AgentUnavailable  # noqa: PLR2004 - "Unauthorized"
    return _with_remedy(kind, refusal)


def _with_remedy(kind: type[BridgeError], refusal: Refusal) -> BridgeError:
    return kind(f"{_REMEDIES[kind]} ({refusal})" if kind in _REMEDIES else str(refusal))
