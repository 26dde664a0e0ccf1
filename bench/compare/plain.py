"""What a developer writes in an afternoon: slack-bolt, python-telegram-bot, httpx. Edits every second, keeps no state.

`python -m bench.compare.plain`, with the settings of the bridge. Pages are cut at so many characters; a refused edit is
left out, and the last text of a page is sent again after the time that the service asks for.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import httpx
from httpx_sse import aconnect_sse
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from telegram import Update
from telegram.error import RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

_PAGE = 3900
_EDIT_EVERY_S = 1.0
_HEADERS = {"X-API-Key": os.environ.get("TALKIFAI_API_KEY", "")}
_LIMITS = httpx.Limits(max_connections=1000)
Post = Callable[[str], Awaitable[Any]]
Edit = Callable[[Any, str], Awaitable[Any]]


class Agent:
    """TalkifAI; a conversation for each place."""

    def __init__(self) -> None:
        self.http = httpx.AsyncClient(base_url=os.environ["TALKIFAI_BASE_URL"], timeout=None, limits=_LIMITS)  # noqa: S113 - as in many bots
        self.tokens: dict[str, tuple[str, str]] = {}

    async def ask(self, place: str, text: str) -> AsyncIterator[str]:
        if place not in self.tokens:
            body = {"agent_id": os.environ["TALKIFAI_AGENT_ID"], "user_identifier": place}
            opened = (await self.http.post("/v1/chat/sessions", json=body, headers=_HEADERS)).json()
            self.tokens[place] = opened["conversation_id"], opened["session_token"]
        conversation, token = self.tokens[place]
        url, headers = f"/v1/chat/sessions/{conversation}/messages", {"Authorization": f"Bearer {token}"}
        async with aconnect_sse(self.http, "POST", url, json={"message": text}, headers=headers) as source:
            async for event in source.aiter_sse():
                if event.event == "chunk":
                    yield json.loads(event.data)["delta"]


async def show(chunks: AsyncIterator[str], post: Post, edit: Edit) -> None:
    """Post the first text, edit it every second, go on in a further message where one is full."""
    text, start, message, edited_at = "", 0, None, 0.0
    async for chunk in chunks:
        text += chunk
        while len(text) - start > _PAGE:
            page = text[start : start + _PAGE]
            await (surely(partial(post, page)) if message is None else surely(partial(edit, message, page)))
            start, message = start + _PAGE, None
        if message is None:
            message = await surely(partial(post, text[start:]))
            edited_at = time.monotonic()
        elif time.monotonic() - edited_at >= _EDIT_EVERY_S:
            edited_at = time.monotonic()
            try:
                await edit(message, text[start:])
            except (SlackApiError, TelegramError) as error:
                print(error)
    if text[start:]:
        await (surely(partial(post, text[start:])) if message is None else surely(partial(edit, message, text[start:])))


async def surely(call: Callable[[], Awaitable[Any]]) -> Any:
    """Call again after the time that a 429 names."""
    while True:
        try:
            return await call()
        except RetryAfter as error:
            wait_s = error.retry_after
            await asyncio.sleep(wait_s if isinstance(wait_s, int) else wait_s.total_seconds())
        except SlackApiError as error:
            if error.response.status_code != 429:  # noqa: PLR2004 - Too Many Requests
                raise
            await asyncio.sleep(int(error.response.headers["Retry-After"]))
        except TelegramError as error:
            if "not modified" not in str(error):
                raise
            return None


async def run_slack(agent: Agent) -> None:
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client)

    @app.event("message")
    async def on_message(event: dict[str, Any]) -> None:
        if event.get("bot_id") or "text" not in event:
            return
        channel = event["channel"]

        async def post(text: str) -> Any:
            return (await client.chat_postMessage(channel=channel, text=text))["ts"]

        async def edit(ts: Any, text: str) -> None:
            await client.chat_update(channel=channel, ts=ts, text=text)

        await show(agent.ask(channel, event["text"]), post, edit)

    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


async def run_telegram(agent: Agent) -> None:
    async def on_message(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        asked = update.message
        if asked is None or asked.text is None:
            return

        async def edit(message: Any, text: str) -> None:
            await message.edit_text(text)

        await show(agent.ask(str(asked.chat_id), asked.text), asked.chat.send_message, edit)

    builder = ApplicationBuilder().token(os.environ["TELEGRAM_BOT_TOKEN"]).connection_pool_size(512)
    url = f"{os.environ['TELEGRAM_API_URL']}/bot"
    app: Application[Any, Any, Any, Any, Any, Any] = builder.base_url(url).concurrent_updates(1000).build()
    app.add_handler(MessageHandler(filters.TEXT, on_message))
    async with app:
        await app.start()
        if app.updater is not None:
            await app.updater.start_polling()
        await asyncio.Event().wait()


async def main() -> None:
    await (run_slack(Agent()) if "SLACK_BOT_TOKEN" in os.environ else run_telegram(Agent()))


if __name__ == "__main__":
    asyncio.run(main())
