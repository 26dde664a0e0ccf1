"""A Telegram for one machine: the Bot API over real HTTP, and the people who write to the bots."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.faults import Fault, Faults, wait_after, wait_before
from sandbox.ledger import Ledger
from sandbox.listening import Listening
from sandbox.telegram.flood import OFF, FloodGate, Limits
from sandbox.telegram.methods import BotApi, Seen
from sandbox.telegram.people import People
from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.webhook import deliver
from sandbox.telegram.wire import Params, Refused, answer, read_params, refusal
from sandbox.telegram.world import Chat, User, World

SANDBOX_TOKEN = "100:sandbox"  # noqa: S105 - opens nothing but this stand-in

_LARGEST_BODY = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a bot."""

    at: float
    """Seconds of the monotonic clock, when the call arrived."""
    bot_id: int
    method: str
    """In the Bot API's own spelling."""
    params: Params
    status: int
    """The HTTP status of the answer; 0 where the connection was broken instead."""
    ended_at: float


class TelegramStandIn(People):
    """A stand-in for Telegram. Use as an async context manager, or with `start` and `stop`.

    Args:
        tokens: One bot for each; the number before the colon is its id.
        port: Zero takes a free one.
    """

    def __init__(self, tokens: Sequence[str] = (SANDBOX_TOKEN,), *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.token = tokens[0]
        self.world = World()
        self.bots = [self.world.add_bot(token) for token in tokens]
        self.queues = {bot.id: UpdateQueue() for bot in self.bots}
        self.ledger = Ledger()
        super().__init__(self.world, self.queues, self.ledger, self.bots)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.api = BotApi(self.world, self.queues, self.ledger, self.assumptions)
        self._host = host
        self._port = port
        self._server: Listening | None = None
        self._hooks: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------ life
    @property
    def api_url(self) -> str:
        """What `TELEGRAM_API_URL` is set to. Raises `RuntimeError` before `start`."""
        if self._server is None:
            raise RuntimeError("the stand-in is not started")
        return f"http://{self._host}:{self._port}"

    async def start(self) -> Self:
        """Listen."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.*}", self._give_file)
        app.router.add_post("/sandbox/say", self._say_over_http)
        self._server = Listening(app, host=self._host, port=self._port)
        await self._server.start()
        self._port = self._server.port
        self._hooks = [asyncio.ensure_future(deliver(queue)) for queue in self.queues.values()]
        return self

    async def stop(self) -> None:
        """Let long polls return and stop listening. Safe to repeat."""
        for queue in self.queues.values():
            queue.close()
        hooks, self._hooks = self._hooks, []
        for hook in hooks:
            hook.cancel()
        if hooks:
            await asyncio.wait(hooks)
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def add_bot(self, token: str) -> User:
        """Add another bot; the number before the colon is its id."""
        bot = self.world.add_bot(token)
        self.bots.append(bot)
        self.queues[bot.id] = UpdateQueue()
        if self._server is not None:
            self._hooks.append(asyncio.ensure_future(deliver(self.queues[bot.id])))
        return bot

    def revoke(self, bot: User) -> str:
        """Give the bot a new token, as @BotFather does: the old one is refused from now on. Returns the new one."""
        old = next(token for token, known in self.world.bots.items() if known is bot)
        del self.world.bots[old]
        new = f"{bot.id}:{secrets.token_hex(16)}"
        self.world.bots[new] = bot
        return new

    # ------------------------------------------------------------ what tests look at
    @property
    def bot(self) -> User:
        """The first bot."""
        return self.bots[0]

    @property
    def seen(self) -> Seen:
        """What people would notice beside the texts."""
        return self.api.seen

    @property
    def pings(self) -> list[str]:
        """Who would have been notified by a bot's text."""
        return self.api.seen.pings

    @property
    def previews(self) -> list[str]:
        """Texts that went out without switching the link preview off."""
        return self.api.seen.previews

    @property
    def flood_gate(self) -> FloodGate:
        """Limits and the calls they refused."""
        return self.api.flood

    def limit(self, limits: Limits = OFF) -> None:
        """Switch Telegram's limits on, or off again."""
        self.api.flood.limits = limits

    def flood(self, chat: Chat, retry_after_s: float) -> None:
        """Answer every send and edit in a chat with 429 for a while."""
        self.api.flood.close(chat.id, retry_after_s)

    def pending(self, bot: User | None = None) -> list[int]:
        """Return the ids of the updates that are not acknowledged."""
        return self.queues[(bot or self.bot).id].pending()

    def calls_of(self, *methods: str) -> list[Call]:
        """Return the calls of these methods, oldest first."""
        return [call for call in self.calls if call.method in methods]

    # ------------------------------------------------------------ serving
    async def _serve(self, request: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        bot = self.world.bots.get(request.match_info["token"])
        name = request.match_info["method"]
        method = self.api.methods.get(name.lower())
        params = await read_params(request)
        spelling = _SPELLINGS.get(name.lower(), name)
        if bot is None:
            response, status = refusal(Refused(401, "Unauthorized")), 401
        elif method is None:
            response, status = refusal(Refused(404, "Not Found")), 404
        else:
            fault = self.faults.take(spelling, chat_id=str(params.get("chat_id", "")))
            response, status = await self._answer(request, bot, spelling, params, fault)
        self.calls.append(Call(began, bot.id if bot else 0, spelling, params, status, time.monotonic()))
        return response

    async def _give_file(self, request: web.Request) -> web.StreamResponse:
        """Give a file at the path that `getFile` named, to a bot whose token is in the address."""
        fault = self.faults.take("download")
        if fault is not None:
            await wait_before(fault)
            if fault.refuse:
                return _broken(request)
            if fault.status is not None:
                headers = {"Location": fault.error} if fault.error else {}
                return web.Response(status=fault.status, headers=headers)
        content = self.world.documents.at(request.match_info["path"])
        if request.match_info["token"] not in self.world.bots or content is None:
            return refusal(Refused(404, "Not Found"))
        return web.Response(body=content, content_type="application/octet-stream")

    async def _say_over_http(self, request: web.Request) -> web.Response:
        """Let a person write in the private chat with the first bot: `{"person": "Ada", "text": "Hello"}`."""
        said = await request.json()
        people = (person for person in self.world.people.values() if person.name == said.get("person", person.name))
        person = next(people, None) or self.person(str(said.get("person", "Ada")))
        message_id = await self.say(person, self.private_chat(person), str(said["text"]))
        return web.json_response({"message_id": message_id})

    async def _answer(
        self, request: web.Request, bot: User, name: str, params: dict[str, Any], fault: Fault | None
    ) -> tuple[web.Response, int]:
        if fault is not None:
            await wait_before(fault)
            if fault.refuse:
                return _broken(request), 0
            if fault.status is not None:
                return refusal(_scripted(fault)), fault.status
        try:
            response = answer(await self.api.methods[name.lower()](bot, params))
        except Refused as refused:
            response = refusal(refused)
        await wait_after(fault)
        if fault is not None and fault.lose_answer:
            return _broken(request), 0
        return response, response.status


_SPELLINGS = {
    name.lower(): name
    for name in (
        "getMe",
        "getUpdates",
        "setWebhook",
        "deleteWebhook",
        "getWebhookInfo",
        "setMyCommands",
        "getChatMember",
        "getFile",
        "sendDocument",
        "sendMessage",
        "sendMessageDraft",
        "sendRichMessage",
        "editMessageText",
        "answerCallbackQuery",
        "deleteMessage",
        "sendChatAction",
        "setMessageReaction",
    )
}


def _scripted(fault: Fault) -> Refused:
    status = fault.status or 500
    more = {} if fault.retry_after_s is None else {"retry_after": fault.retry_after_s}
    return Refused(status, fault.error or f"scripted {status}", **more)


def _broken(request: web.Request) -> web.Response:
    """Break the connection: whatever is returned is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
