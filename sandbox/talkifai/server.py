"""A stand-in for TalkifAI's Text Chat API over real HTTP, strict about what the real one is strict about."""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.faults import Fault, Faults, wait_after, wait_before
from sandbox.listening import Listening
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID, AgentProfile
from sandbox.talkifai.calls import TalkifaiCall
from sandbox.talkifai.carried import split_carried
from sandbox.talkifai.conversations import Book, Message, Record
from sandbox.talkifai.player import Listener, break_off, play, stream_start
from sandbox.talkifai.rate_limit import Gate, json_body, whole_number
from sandbox.talkifai.refusing import Refused, RequestBudget
from sandbox.talkifai.script import Answer, End, Fail, Responder, Say, answer_by_words
from sandbox.talkifai.when_unread import WhenUnread

_SESSION = "/v1/chat/sessions/{conversation}"
_MOST_CHARACTERS = 10_000
_MOST_HISTORY = 100
_OPENING_S = 0.35
"""Opening takes 300 to 500 ms at TalkifAI; scaled by `pace`."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TalkifaiStandIn:
    """The four calls, over a book of conversations that outlives a restart of the server.

    Args:
        pace: All pauses are multiplied by it; 0 answers as fast as it can.
        now: Seconds since the epoch, so that tests can let sessions and tokens expire.
    """

    def __init__(self, *, pace: float = 0.0, now: Callable[[], float] = time.time) -> None:
        self.pace = pace
        self.faults = Faults()
        """Scripted faults. Calls: `open` (fact `user_identifier`), `ask` (`conversation`, `message`), `history`
        and `end` (`conversation`)."""
        self.book = Book(now)
        self.gate = Gate(self.book, now)
        """Set `gate.out_of_credits` for 402 on opening and asking; add keys and agents here."""
        self.budget = RequestBudget(now)
        """Set `budget.a_minute` to limit the organisation."""
        self.when_unread = WhenUnread.WRITE_ON
        """What becomes of an answer whose reader hangs up."""
        self.keeps_parts = False
        """A tool or another agent at work makes the rest of the answer a message of its own in the history."""
        self.calls: list[TalkifaiCall] = []
        """Every request, in the order in which their answers began."""
        self._now = now
        self._respond: Responder = answer_by_words
        self._numbers = itertools.count(1)
        self._server: Listening | None = None
        self._port = 0

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one, the same again after a `stop`."""
        app = web.Application(middlewares=[self._answer_refusals], client_max_size=4 * 1024**2)
        app.router.add_post("/v1/chat/sessions", self._open)
        app.router.add_post(f"{_SESSION}/messages", self._ask)
        app.router.add_get(f"{_SESSION}/messages", self._history)
        app.router.add_post(f"{_SESSION}/end", self._end)
        app.router.add_get("/v1/agents/{agent}", self.gate.describe_agent)
        self._server = Listening(app, port=port or self._port, shutdown_s=0.1)
        await self._server.start()
        self._port = self._server.port

    async def stop(self) -> None:
        """Close the server and every connection. The book stays."""
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """The value for `TALKIFAI_BASE_URL`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that lead a bridge here."""
        return {
            "TALKIFAI_BASE_URL": self.base_url,
            "TALKIFAI_API_KEY": SANDBOX_API_KEY,
            "TALKIFAI_AGENT_ID": TEXT_AGENT_ID,
        }

    def respond_with(self, responder: Responder | Answer) -> None:
        """Answer every question from now on in this way."""
        self._respond = (lambda _: responder) if isinstance(responder, Answer) else responder

    # -- the four calls

    async def _open(self, request: web.Request) -> web.StreamResponse:
        body = await json_body(request)
        named = body.get("user_identifier")
        if "agent_id" not in body:
            self.gate.refuse_without_agent(request)
        fault = await self._struck(request, "open", user_identifier=str(named or ""))
        self.gate.check_key(request)
        agent_id, agent = self.gate.agent(body.get("agent_id"))
        metadata = body.get("metadata", {})
        if not (isinstance(metadata, dict) and (named is None or (isinstance(named, str) and named))):
            raise Refused(422, text="metadata is an object, user_identifier a string")
        self.gate.check_credits()
        await asyncio.sleep(_OPENING_S * self.pace)
        record = self._add_record(agent_id, agent, named or "", metadata)
        await _lose(request, fault)
        return web.json_response(
            {
                "conversation_id": record.id,
                "session_token": self.gate.new_token(record.id),
                "agent_name": agent.name,
                "greeting": agent.greeting,
                "agent_model": agent.model,
            }
        )

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        body = await json_body(request)
        text = body.get("message")
        conversation_id = request.match_info["conversation"]
        fault = await self._struck(request, "ask", conversation=conversation_id, message=str(text))
        record = self.gate.record(request)
        self.gate.check_open(record)
        if not isinstance(text, str) or not text:
            raise Refused(422, text="message is a string of at least one character")
        if len(text) > _MOST_CHARACTERS:
            raise Refused(400, "message_too_long", f"at most {_MOST_CHARACTERS} characters")
        self.gate.check_credits()
        async with record.lock:
            self.gate.check_open(record)
            return await self._answer(request, record, text, fault)

    async def _history(self, request: web.Request) -> web.StreamResponse:
        fault = await self._struck(request, "history", conversation=request.match_info["conversation"])
        record = self.gate.record(request)
        self.gate.check_open(record)
        limit, offset = whole_number(request, "limit", 50), whole_number(request, "offset", 0)
        if not 1 <= limit <= _MOST_HISTORY:
            raise Refused(422, text=f"limit is 1 to {_MOST_HISTORY}")
        messages = [message.as_json() for message in record.messages[offset : offset + limit]]
        await _lose(request, fault)
        return web.json_response({"messages": messages, "count": len(messages)})

    async def _end(self, request: web.Request) -> web.StreamResponse:
        conversation_id = request.match_info["conversation"]
        requests = self.book.end_requests
        requests[conversation_id] = requests.get(conversation_id, 0) + 1
        self.book.note_change()
        fault = await self._struck(request, "end", conversation=conversation_id)
        record = self.gate.record(request)
        record.end_calls += 1
        self.gate.check_open(record)
        record.ended_at = self._now()
        self.book.note_change()
        await _lose(request, fault)
        return web.json_response({"success": True, "message": "Session ended successfully"})

    # -- an answer

    async def _answer(self, request: web.Request, record: Record, text: str, fault: Fault | None) -> web.StreamResponse:
        carried, question = split_carried(text)
        record.posted.append(question)
        record.carried.append(carried)
        self._note(record, Message("user", text, self._now()))
        record.is_answering = True
        answer = self._respond(question)
        self.calls.append(TalkifaiCall.of(request, time.monotonic(), HTTPStatus.OK))
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", **self.budget.headers()}
        response = web.StreamResponse(headers=headers)
        listener = Listener(request, response, None if fault is None else fault.cut_at_byte)
        try:
            await wait_after(fault)
            if fault is not None and fault.lose_answer:
                listener.cut_off()
            else:
                await listener.begin()
            await self._play(answer, record, listener)
        finally:
            record.is_answering = False
            record.last_active_at = self._now()
        return response

    async def _play(self, answer: Answer, record: Record, listener: Listener) -> None:
        await listener.hear(stream_start(record.agent_name))
        for number, step in enumerate(answer.steps):
            if isinstance(step, End):
                # Before its end is told: a reader of the whole answer finds it in the history.
                self._keep(answer, record)
                record.count_tokens(step.usage)
            said = 0
            async with aclosing(play(step, self.pace)) as bodies:
                async for body in bodies:
                    await listener.hear(body)
                    said += isinstance(step, Say) and step.chunk
                    if listener.is_gone and self.when_unread is not WhenUnread.WRITE_ON:
                        if self.when_unread is WhenUnread.KEEP_THE_PART:
                            self._keep(answer.up_to(number, said), record)
                        return
        if not any(isinstance(step, End | Fail) for step in answer.steps):
            self._keep(answer, record)

    def _keep(self, answer: Answer, record: Record) -> None:
        for text in answer.parts if self.keeps_parts else [answer.text]:
            if text:
                self._note(record, Message("assistant", text, self._now(), len(text.split())))

    # -- the book

    def _add_record(self, agent_id: str, agent: AgentProfile, user: str, metadata: Mapping[str, Any]) -> Record:
        now = self._now()
        who = re.sub(r"[^a-z0-9]", "", user.partition("@")[0].lower())[:24] or f"anon{next(self._numbers)}"
        stem, number = f"chat_{agent_id[:8]}_{who}", int(now * 1000)
        while f"{stem}_{number}" in self.book.conversations:
            number += 1
        record = Record(f"{stem}_{number}", agent_id, agent.name, user, metadata, now, now)
        self.book.conversations[record.id] = record
        if agent.greeting:
            record.messages.append(Message("assistant", agent.greeting, now))
        self.book.note_change()
        return record

    def _note(self, record: Record, message: Message) -> None:
        record.messages.append(message)
        record.last_active_at = self._now()
        self.book.note_change()

    def revoke_token(self, conversation_id: str) -> None:
        """Make every call of the conversation end with 401 `invalid_token`, as if its token had expired."""
        self.book.conversations[conversation_id].token_revoked = True

    def expire(self, conversation_id: str) -> None:
        """Let the conversation expire now, as after 30 minutes without activity."""
        self.book.conversations[conversation_id].last_active_at = float("-inf")
        self.book.note_change()

    @web.middleware
    async def _answer_refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        at = time.monotonic()
        try:
            self.budget.spend()
            response = await handler(request)
        except Refused as refused:
            response = refused.response()
            self.calls.append(TalkifaiCall.of(request, at, refused.status))
        else:
            if not response.prepared:
                self.calls.append(TalkifaiCall.of(request, at, response.status))
        if not response.prepared:
            response.headers.update(self.budget.headers())
        return response

    async def _struck(self, request: web.Request, call: str, **facts: str) -> Fault | None:
        """Take the fault that hits this call and do what it says of the time before the effect."""
        fault = self.faults.take(call, **facts)
        if fault is None:
            return None
        await wait_before(fault)
        if fault.refuse:
            break_off(request)
            raise Refused(500)
        if fault.status is not None:
            raise Refused.by_fault(fault)
        return fault


async def _lose(request: web.Request, fault: Fault | None) -> None:
    await wait_after(fault)
    if fault is not None and fault.lose_answer:
        break_off(request)
