"""Words that one person alone sees."""

import asyncio
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, translated
from bridge.domain.incoming import Origin

_CALL_S = 3.0


async def tell_alone(client: AsyncWebClient, origin: Origin, sentence: str) -> None:
    """Tell the person where they wrote or pressed. Raises `BridgeError`."""
    address = origin.address
    thread: dict[str, Any] = {"thread_ts": address.thread} if address.thread else {}
    with translated(Call("chat.postEphemeral")):
        async with asyncio.timeout(_CALL_S):
            await client.chat_postEphemeral(channel=address.place, user=origin.person.id, text=sentence, **thread)
