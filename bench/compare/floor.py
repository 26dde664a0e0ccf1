"""The least that any bot can do: raw aiohttp, one post with the first text and one edit with the last.

`python -m bench.compare.floor`, with the settings of the bridge. No limits, no repetition, no state.
"""

import asyncio
import json
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

_PAGE = 3900
_DELTA = b'data: {"delta"'
_BASE = os.environ.get("TALKIFAI_BASE_URL", "") + "/v1/chat/sessions"


class Bot(ABC):
    """Answers on one service."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def run(self) -> None:
        """Take questions without end."""

    @abstractmethod
    async def post(self, place: Any, text: str) -> Any:
        """Post a message; returns what names it."""

    @abstractmethod
    async def edit(self, place: Any, message: Any, text: str) -> None:
        """Change a message."""

    def begin(self, place: Any, text: str) -> None:
        task = asyncio.ensure_future(self.answer(place, text))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, place: Any, text: str) -> None:
        parts: list[str] = []
        message = None
        async for delta in self.ask(place, text):
            parts.append(delta)
            if message is None:
                message = await self.post(place, delta)
        whole = "".join(parts)
        await self.edit(place, message, whole[:_PAGE])
        for start in range(_PAGE, len(whole), _PAGE):
            await self.post(place, whole[start : start + _PAGE])

    async def ask(self, place: Any, text: str) -> AsyncIterator[str]:
        body = {"agent_id": os.environ["TALKIFAI_AGENT_ID"], "user_identifier": str(place)}
        async with self.http.post(_BASE, json=body, headers={"X-API-Key": os.environ["TALKIFAI_API_KEY"]}) as response:
            opened = await response.json()
        headers = {"Authorization": f"Bearer {opened['session_token']}"}
        url = f"{_BASE}/{opened['conversation_id']}/messages"
        async with self.http.post(url, json={"message": text}, headers=headers) as response:
            async for line in response.content:
                if line.startswith(_DELTA):
                    yield json.loads(line[6:])["delta"]


class Slack(Bot):
    url = os.environ.get("SLACK_API_URL", "")

    async def run(self) -> None:
        ticket = await self.call("apps.connections.open", {}, os.environ["SLACK_APP_TOKEN"])
        async with self.http.ws_connect(ticket["url"]) as socket:
            async for frame in socket:
                envelope = json.loads(frame.data)
                if "envelope_id" in envelope:
                    await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
                    event = envelope["payload"]["event"]
                    if event["type"] == "message" and not event.get("bot_id") and "text" in event:
                        self.begin(event["channel"], event["text"])

    async def post(self, place: Any, text: str) -> Any:
        return (await self.call("chat.postMessage", {"channel": place, "text": text}))["ts"]

    async def edit(self, place: Any, message: Any, text: str) -> None:
        await self.call("chat.update", {"channel": place, "ts": message, "text": text})

    async def call(self, method: str, body: dict[str, Any], token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token or os.environ['SLACK_BOT_TOKEN']}"}
        async with self.http.post(self.url + method, json=body, headers=headers) as response:
            return await response.json()


class Telegram(Bot):
    url = f"{os.environ.get('TELEGRAM_API_URL')}/bot{os.environ.get('TELEGRAM_BOT_TOKEN')}/"

    async def run(self) -> None:
        offset = 0
        while True:
            for update in await self.call("getUpdates", {"timeout": 10, "offset": offset}):
                offset = update["update_id"] + 1
                if "text" in update.get("message", {}):
                    self.begin(update["message"]["chat"]["id"], update["message"]["text"])

    async def post(self, place: Any, text: str) -> Any:
        return (await self.call("sendMessage", {"chat_id": place, "text": text}))["message_id"]

    async def edit(self, place: Any, message: Any, text: str) -> None:
        await self.call("editMessageText", {"chat_id": place, "message_id": message, "text": text})

    async def call(self, method: str, body: dict[str, Any]) -> Any:
        async with self.http.post(self.url + method, json=body) as response:
            return (await response.json())["result"]


async def main() -> None:
    timeout, connector = aiohttp.ClientTimeout(total=None), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, read_bufsize=2**20) as http:
        await (Slack(http) if "SLACK_BOT_TOKEN" in os.environ else Telegram(http)).run()


if __name__ == "__main__":
    asyncio.run(main())
