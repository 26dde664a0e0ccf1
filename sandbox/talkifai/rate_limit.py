"""What a call must pass before it has an effect: keys, agents, tokens, credits. In the order of the real checks."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from aiohttp import web

from sandbox.talkifai.agents import SANDBOX_API_KEY, SANDBOX_STUDIO_TOKEN, AgentProfile, default_agents
from sandbox.talkifai.calls import CALL
from sandbox.talkifai.conversations import Book, Record
from sandbox.talkifai.refusing import Refused
from sandbox.talkifai.tokens import TOKEN_LIFE_S, sign, verify


class Gate:
    """Knows who may do what. Every check raises `Refused`."""

    def __init__(self, book: Book, now: Callable[[], float]) -> None:
        self.api_keys = {SANDBOX_API_KEY}
        self.studio_tokens = {SANDBOX_STUDIO_TOKEN}
        self.agents = default_agents()
        self.out_of_credits = False
        self.describes_agents = True
        """Whether the call that describes an agent is there."""
        self._book = book
        self._now = now
        self._secret = uuid.uuid4().bytes

    def new_token(self, conversation_id: str) -> str:
        """Return a token of the conversation, good for 24 hours."""
        now = int(self._now())
        return sign({"sub": conversation_id, "iat": now, "exp": now + TOKEN_LIFE_S}, self._secret)

    def check_key(self, request: web.Request) -> None:
        """401 without a key or Studio token that is known."""
        key, token = request.headers.get("X-API-Key"), request.headers.get("X-Studio-Token")
        if key not in self.api_keys and token not in self.studio_tokens:
            raise Refused(401, "invalid_api_key", "Invalid API key")

    def agent(self, agent_id: object) -> tuple[str, AgentProfile]:
        """Return the id in its usual form and the agent; 422 for no UUID, 404 for an unknown one, 400 for voice."""
        try:
            known = str(uuid.UUID(agent_id if isinstance(agent_id, str) else ""))
        except ValueError:
            raise Refused(422, text="agent_id is not a UUID") from None
        agent = self.agents.get(known)
        if agent is None:
            raise Refused(404, text="Agent not found")
        if not agent.is_text:
            raise Refused(400, "not_text_agent", "This agent does not support text chat")
        return known, agent

    def refuse_without_agent(self, request: web.Request) -> NoReturn:
        """401 for a wrong key, else 422: nothing is opened. It counts as a call `key`."""
        request[CALL] = "key"
        self.check_key(request)
        raise Refused(422, text="agent_id: Field required")

    async def describe_agent(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /v1/agents/{id}`, as the reference on TalkifAI's pages has it; 404 where it is not there."""
        request[CALL] = "agent"
        agent = self.agents.get(request.match_info["agent"]) if self.describes_agents else None
        if agent is None:
            raise Refused(404, text="Not found")
        self.check_key(request)
        kind = "Text" if agent.is_text else "Realtime"
        return web.json_response({"id": request.match_info["agent"], "name": agent.name, "agentArchitecture": kind})

    def check_credits(self) -> None:
        """402 while the organisation has none."""
        if self.out_of_credits:
            raise Refused(402)

    def record(self, request: web.Request) -> Record:
        """Return the conversation that the token opens: 401 for the token, 403 where it is another's."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        claims = verify(token, self._secret, self._now()) if scheme == "Bearer" else None
        record = None if claims is None else self._book.conversations.get(claims["sub"])
        if record is None or record.token_revoked:
            raise Refused(401, "invalid_token", "Invalid or expired session token")
        if record.id != request.match_info["conversation"]:
            raise Refused(403, "conversation_mismatch", "Token does not belong to this conversation")
        return record

    def check_open(self, record: Record) -> None:
        """404 for a session that was ended or has expired."""
        if not record.is_open(self._now()):
            raise Refused(404, text="Session not found or has ended")


async def json_body(request: web.Request) -> Mapping[str, Any]:
    """Return the body, a JSON object; else 422."""
    try:
        body = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(422, text="the body is not a JSON object")
    return body


def whole_number(request: web.Request, name: str, default: int) -> int:
    """Return a number of the query; else 422."""
    value = request.query.get(name, str(default))
    if not value.isdecimal():
        raise Refused(422, text=f"{name} is not a whole number")
    return int(value)
