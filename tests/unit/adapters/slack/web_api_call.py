"""Calls the stand-in's Web API plainly."""

from typing import Any

import aiohttp

from sandbox.slack import SlackStandIn


async def call(slack: SlackStandIn, method: str, token: str = "", **params: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token or slack.bot_token}"}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(slack.api_url + method, json=params, headers=headers)
        found: dict[str, Any] = await answer.json()
        return found
