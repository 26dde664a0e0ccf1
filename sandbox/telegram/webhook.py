"""Telegram's side of a webhook: updates are posted, one after the other, until they are answered with 2xx."""

import asyncio
from urllib.parse import urlsplit

import aiohttp

from sandbox.telegram.updates import UpdateQueue

_ANSWER_WITHIN_S = 10.0
_PAUSE_FIRST_S, _PAUSE_MOST_S = 0.1, 2.0
_HERE = ("127.0.0.1", "localhost")
_OK = range(200, 300)


async def deliver(queue: UpdateQueue) -> None:
    """Deliver what waits for as long as a webhook of this machine is set, until cancelled."""
    pause_s = _PAUSE_FIRST_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S)) as session:
        while True:
            news, update = queue.news, queue.first()
            if update is None or urlsplit(queue.webhook).hostname not in _HERE:
                await news.wait()
                continue
            headers = {"X-Telegram-Bot-Api-Secret-Token": queue.secret} if queue.secret else {}
            try:
                async with session.post(queue.webhook, json=update, headers=headers) as response:
                    said = response.status
            except (aiohttp.ClientError, TimeoutError):
                said = 0
            if said in _OK:
                queue.forget(update["update_id"])
                pause_s = _PAUSE_FIRST_S
            else:
                queue.last_error = f"Wrong response from the webhook: {said}"
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_MOST_S)
