"""TalkifAI's Text Chat API as the `Agent` port."""

import asyncio
import logging
from collections.abc import AsyncIterator, Container, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from adapters.talkifai.answer_stream import RunningAnswer
from adapters.talkifai.error_mapping import Call, error_for, read_refusal
from adapters.talkifai.event_reader import EventReader
from adapters.talkifai.http import HttpResponse, Request, Transport
from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.payloads import (
    AgentFacts,
    fix_surrogates,
    json_object,
    read_agent,
    read_history,
    read_opened,
)
from adapters.talkifai.rate_limit_headers import read_date, read_rate_limit
from bridge.domain.errors import (
    AgentKeyRefused,
    AgentNotText,
    AgentUnavailable,
    BridgeError,
    ConversationLost,
    Misconfigured,
    QuestionTooLong,
    SettingWrong,
    StreamBroken,
)
from bridge.domain.limits.rate_limits import RateLimit
from bridge.domain.sessions import Conversation, HistoryMessage, OpenedConversation
from bridge.domain.stream_events import StreamEvent
from bridge.runtime.clock import Clock, SystemClock

log = logging.getLogger(__name__)

_SESSIONS = "/v1/chat/sessions"
_API_KEY, _STUDIO_TOKEN, _AUTHORIZATION = "X-API-Key", "X-Studio-Token", "Authorization"
_SECRET_HEADERS = frozenset({_API_KEY, _STUDIO_TOKEN, _AUTHORIZATION})
_BEARER = "Bearer "
_OK = range(200, 300)
_NO_CONTENT = 204
_KEY_ACCEPTED = (400, 404, 422)
"""Answers to an opening without an agent that come from behind the check of the key."""
_NOTHING_LEFT = (404, 410)
"""Answers to an end which say that the session is closed already."""


class TalkifaiAgent:
    """Talks to TalkifAI's agents. Build one and keep it: it holds the connections.

    Args:
        base_url: `https://api.talkifai.dev`, or a stand-in's address.
        agent_id: The UUID of a text agent: the one that answers where no other is named.
        api_key: `tk_live_…`; this or `studio_token`, not both.
        studio_token: TalkifAI Studio's own session token.
        limits: Times, sizes and numbers.
        clock: Time for waits between tries and for the rate limit's times.
    """

    def __init__(
        self,
        *,
        base_url: str,
        agent_id: str,
        api_key: str = "",
        studio_token: str = "",
        limits: TalkifaiLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._agent_id = agent_id
        self._key = _key_header(api_key, studio_token)
        self._limits = limits = limits or TalkifaiLimits()
        self._within_s = {
            **dict.fromkeys((Call.KEY, Call.AGENT), limits.check_s),
            Call.OPEN: limits.open_s,
            Call.HISTORY: limits.history_s,
            Call.END: limits.end_s,
        }
        self._clock: Clock = clock or SystemClock()
        self._transport = Transport(base_url, self._limits)
        self._rate_limit: RateLimit | None = None
        self.clock_ahead_s: float | None = None
        """By how much this machine's clock is ahead of TalkifAI's, to about a second; None before an answer came."""

    def __repr__(self) -> str:
        return f"TalkifaiAgent(agent_id={self._agent_id!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections. Answers that still run break."""
        await self._transport.aclose()

    @property
    def rate_limit(self) -> RateLimit | None:
        """The organisation's budget as the latest answer stated it; None before one did."""
        return self._rate_limit

    async def open(self, user_identifier: str, metadata: Mapping[str, str], agent_id: str = "") -> OpenedConversation:
        """Open a conversation: see the port. Without `user_identifier` TalkifAI remembers nothing of the person."""
        payload: dict[str, Any] = {"agent_id": agent_id or self._agent_id}
        if user_identifier:
            payload["user_identifier"] = fix_surrogates(user_identifier)
        if metadata:
            payload["metadata"] = {fix_surrogates(name): fix_surrogates(value) for name, value in metadata.items()}
        request = Request(Call.OPEN, "POST", _SESSIONS, self._key, payload)
        try:
            answer = await self._call(request)
        except (AgentNotText, SettingWrong) as error:
            if not agent_id or agent_id == self._agent_id:
                raise
            raise Misconfigured(
                f"agent {agent_id}, which a route or a bot's setting names: {_after_setting(error)}"
            ) from None
        return read_opened(answer.body)

    async def check_key(self) -> None:
        """Try the key without opening anything: an opening that names no agent is refused, a wrong key with 401.

        Raises `AgentKeyRefused`, `AgentOutOfCredits`, `AgentUnavailable`, `AgentRateLimited`.
        """
        request = Request(Call.KEY, "POST", _SESSIONS, self._key, {})
        answer = await self._call(request, also_fine=_KEY_ACCEPTED)
        if answer.status in _OK:
            # TalkifAI documents no such answer. What it may have opened is ended.
            await self.end(read_opened(answer.body).conversation)

    async def look_up(self, agent_id: str) -> AgentFacts | None:
        """Return what TalkifAI says of an agent without opening anything; None where it does not say."""
        path = f"/v1/agents/{quote(agent_id, safe='')}"
        try:
            return read_agent((await self._call(Request(Call.AGENT, "GET", path, self._key))).body)
        except BridgeError:
            return None

    @asynccontextmanager
    async def ask(self, conversation: Conversation, text: str) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        """Send a question, once, and read the answer's events: see the port."""
        self._check_length(text)
        sent_at = asyncio.get_running_loop().time()
        reply = await self._send_question(conversation, text)
        reader = EventReader(self._limits)
        answer = RunningAnswer(reply, reader, self._limits, sent_at=sent_at, token=conversation.token)
        try:
            yield answer
        finally:
            await answer.aclose()
            if reader.passed_over:
                counts = {str(oddity): count for oddity, count in reader.passed_over.items()}
                log.info("events of the stream were passed over", extra={"counts": counts})

    async def history(self, conversation: Conversation, offset: int = 0) -> Sequence[HistoryMessage]:
        """Return all messages from `offset` on: see the port."""
        messages: list[HistoryMessage] = []
        size, bytes_left = self._limits.history_page, self._limits.history_bytes
        path, headers = f"{_path(conversation)}/messages", _bearer(conversation)
        while len(messages) < self._limits.history_messages and bytes_left > 0:
            query = {"limit": size, "offset": offset + len(messages)}
            whole = await self._call(Request(Call.HISTORY, "GET", path, headers, query=query))
            bytes_left -= len(whole.body)
            messages.extend(page := read_history(whole.body))
            if len(page) < size:
                return messages
        raise AgentUnavailable(f"the history has over {self._limits.history_messages} messages, or too many bytes")

    async def end(self, conversation: Conversation) -> None:
        """End the conversation: see the port."""
        request = Request(Call.END, "POST", f"{_path(conversation)}/end", _bearer(conversation))
        answer = await self._call(request, also_fine=_NOTHING_LEFT)
        if answer.status in _NOTHING_LEFT or answer.status == _NO_CONTENT:
            return
        confirmation = json_object(answer.body)
        if confirmation is None or confirmation.get("success") is False:
            raise AgentUnavailable("TalkifAI did not confirm the end of the session")

    async def _call(self, request: Request, also_fine: Container[int] = ()) -> "_Whole":
        """Send a request and read its whole answer. Raises what the error table says of any other status."""
        most = self._limits.history_bytes if request.call is Call.HISTORY else self._limits.body_bytes
        within_s = self._within_s[request.call]
        try:
            async with asyncio.timeout(within_s):
                reply = await self._transport.send(request)
                try:
                    if reply.status not in _OK and reply.status not in also_fine:
                        raise await self._refusal(reply, request)
                    self._note_rate_limit(reply)
                    body = await reply.body(most)
                finally:
                    await reply.aclose()
        except TimeoutError:
            raise AgentUnavailable(f"TalkifAI took over {within_s:g} s ({request.call})") from None
        if len(body) > most:
            raise AgentUnavailable(f"TalkifAI's answer is over {most} bytes ({request.call})")
        return _Whole(reply.status, body)

    async def _send_question(self, conversation: Conversation, text: str) -> HttpResponse:
        """Send the question and check that the answer is an event stream. The caller closes what is returned."""
        headers = {**_bearer(conversation), "Accept": "text/event-stream", "Cache-Control": "no-store"}
        request = Request(
            Call.ASK, "POST", f"{_path(conversation)}/messages", headers, {"message": fix_surrogates(text)}
        )
        reply: HttpResponse | None = None
        try:
            async with asyncio.timeout(self._limits.first_event_s):
                reply = await self._transport.send(request)
                await self._check_is_stream(reply, request)
        except BaseException as error:
            if reply is not None:
                await reply.aclose()
            if isinstance(error, TimeoutError):
                raise StreamBroken("TalkifAI did not begin to answer in time") from None
            raise
        return reply

    async def _check_is_stream(self, reply: HttpResponse, request: Request) -> None:
        if reply.status not in _OK:
            raise await self._refusal(reply, request)
        self._note_rate_limit(reply)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = reply.headers.get("content-encoding", "identity").strip().lower()
        if kind != "text/event-stream" or encoding != "identity":
            raise StreamBroken(f"TalkifAI's answer is no event stream: {kind[:80]!r}, encoded as {encoding[:20]!r}")

    async def _refusal(self, reply: HttpResponse, request: Request) -> BridgeError:
        """Read a refusal; its status alone must do where the body is lost."""
        self._note_rate_limit(reply)
        try:
            body = await reply.body(self._limits.body_bytes)
        except AgentUnavailable:
            body = b""
        secrets = [value.removeprefix(_BEARER) for name, value in request.headers.items() if name in _SECRET_HEADERS]
        now = self._clock.now()
        error = error_for(read_refusal(request.call, reply.status, reply.headers, body, now=now, secrets=secrets))
        if isinstance(error, AgentKeyRefused) and _STUDIO_TOKEN in self._key:
            return AgentKeyRefused(f"TALKIFAI_STUDIO_TOKEN: {_after_setting(error)}")
        return error

    def _note_rate_limit(self, reply: HttpResponse) -> None:
        now = self._clock.now()
        self._rate_limit = read_rate_limit(reply.headers, now) or self._rate_limit
        said = read_date(reply.headers)
        if said is not None:
            self.clock_ahead_s = now - said

    def _check_length(self, text: str) -> None:
        most = self._limits.question_characters
        if not 1 <= len(text) <= most:
            raise QuestionTooLong(f"a question has 1 to {most} characters, this one {len(text)}")


@dataclass(frozen=True, slots=True)
class _Whole:
    """An answer that was read to its end, or to just over its bound."""

    status: int
    body: bytes


def _key_header(api_key: str, studio_token: str) -> Mapping[str, str]:
    if bool(api_key) == bool(studio_token):
        problem = "both this and TALKIFAI_STUDIO_TOKEN are set" if api_key else "it is missing"
        raise SettingWrong("TALKIFAI_API_KEY", problem, "Set the key of your organisation (tk_live_…)")
    if not _can_be_sent(api_key or studio_token):
        name = "TALKIFAI_API_KEY" if api_key else "TALKIFAI_STUDIO_TOKEN"
        raise SettingWrong(name, "it holds spaces or characters that no key has", "Copy it again")
    return {_API_KEY: api_key} if api_key else {_STUDIO_TOKEN: studio_token}


def _after_setting(error: BridgeError) -> str:
    return str(error).partition(": ")[2]


def _bearer(conversation: Conversation) -> Mapping[str, str]:
    """Return the conversation's authorization. Raises `ConversationLost` for a token that no header can carry."""
    if not _can_be_sent(conversation.token):
        raise ConversationLost("the conversation's token is damaged")
    return {_AUTHORIZATION: f"{_BEARER}{conversation.token}"}


def _can_be_sent(secret: str) -> bool:
    """Say whether a header can carry it: the libraries below quote the values of headers that they refuse."""
    return bool(secret) and secret.isascii() and secret.isprintable() and " " not in secret


def _path(conversation: Conversation) -> str:
    return f"{_SESSIONS}/{quote(conversation.id, safe='')}"
