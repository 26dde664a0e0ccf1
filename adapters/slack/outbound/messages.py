"""Pages go out: posts, edits, and how they are spaced."""

import asyncio
import logging
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import limits
from adapters.slack.api.errors import BLOCKS_REFUSED, NOT_MODIFIED, Call, code_of, translated
from adapters.slack.format.markdown_block import plain_of, shows_all
from adapters.slack.format.metadata import metadata_of
from adapters.slack.format.page_blocks import page_blocks
from adapters.slack.outbound.streams import append_scope, start_scope, stop, stop_scope
from adapters.slack.outbound.thread_status import status_scope
from bridge.domain.errors import BridgeError, PageRejected, PostUncertain
from bridge.domain.limits.rate_limits import Budget, ChannelLimits
from bridge.domain.pages import PageView
from bridge.domain.threads import Address

_LOG = logging.getLogger(__name__)
_EPHEMERAL_S = 3.0
_IS_A_STREAM = "streaming_state_conflict"
_NOBODY: AbstractSet[str] = frozenset()
_PACES_KEPT = 1_000


def pace_of(address: Address) -> ChannelLimits:
    """Space calls as Slack asks: posts per channel, all else per method in the workspace (`config/slack_limits.py`)."""
    return _pace_in(Address(address.account, address.place), looks_in_thread=bool(address.thread))


@lru_cache(_PACES_KEPT)
def _pace_in(address: Address, *, looks_in_thread: bool) -> ChannelLimits:
    look_up = find_scope(address, "conversations.replies" if looks_in_thread else "conversations.history")
    workspace = f"slack:{address.account}"
    status = Budget(status_scope(address), limits.STATUS_PER_MINUTE, 60.0)
    return ChannelLimits(
        edit_floor_s=limits.UPDATE_FLOOR_S,
        posts=(
            Budget(_post_scope(address), limits.POST_BURST, limits.POST_WINDOW_S, keeps_room=False),
            Budget(f"{workspace}:post", limits.POSTS_PER_MINUTE, 60.0, keeps_room=False),
        ),
        edits=(Budget(_edit_scope(address), limits.TIER_3_PER_MINUTE, 60.0),),
        drafts=(status,),
        finds=(Budget(look_up, limits.TIER_3_PER_MINUTE, 60.0, keeps_room=False),),
        activity=(status,),
        activity_every_s=limits.ACTIVITY_EVERY_S,
    )


def find_scope(address: Address, method: str) -> str:
    """Name the budget of a method that reads messages."""
    return f"slack:{address.account}:{method}"


def stream_pace_of(address: Address) -> ChannelLimits:
    """Space calls where replies are streams: each of the three methods has a budget of its own."""
    pace = pace_of(address)
    starts = Budget(start_scope(address), limits.STREAM_STARTS_PER_MINUTE, 60.0)
    return replace(
        pace,
        edit_floor_s=limits.STREAM_APPEND_FLOOR_S,
        posts=(*pace.posts, starts),
        edits=(Budget(append_scope(address), limits.STREAM_APPENDS_PER_MINUTE, 60.0),),
        finals=(Budget(stop_scope(address), limits.STREAM_STOPS_PER_MINUTE, 60.0),),
    )


async def post_page(
    client: AsyncWebClient, address: Address, view: PageView, allowed: AbstractSet[str] = _NOBODY
) -> str:
    """Post a page as a new message; return its `ts`. `allowed` are the mentions that may take effect.

    Raises as `Channel.post`. Where Slack refuses the blocks, which leaves no message behind, the plain text is
    posted once in their place.
    """
    call = Call("chat.postMessage", _post_scope(address), may_not_repeat=True)
    message = _content(address, view, allowed)
    with translated(call):
        try:
            answer = await _post(client, address, message)
        except SlackApiError as error:
            if code_of(error) not in BLOCKS_REFUSED or not shows_all(view, limits.POST_TEXT_CHARS):
                raise
            plain = {**message, "blocks": None, "text": plain_of(view, limits.POST_TEXT_CHARS, allowed)}
            answer = await _post(client, address, plain)
        ts = answer.get("ts")
    if not isinstance(ts, str) or not ts:
        raise PostUncertain("chat.postMessage answered without a ts")
    return ts


async def edit_page(
    client: AsyncWebClient, address: Address, message_id: str, view: PageView, allowed: AbstractSet[str] = _NOBODY
) -> None:
    """Make a message look like `view`. Raises as `Channel.edit`.

    A message that is still a stream, as a worker leaves it that was killed, is closed first.
    """
    message = {**_content(address, view, allowed), "ts": message_id}
    with translated(Call("chat.update", _edit_scope(address))):
        try:
            await client.chat_update(**message)
        except SlackApiError as error:
            if code_of(error) == _IS_A_STREAM:
                await stop(client, address, message_id, view)
                await client.chat_update(**message)
            elif code_of(error) in BLOCKS_REFUSED:
                await _edit_plainly(client, view, message, code_of(error))
            elif code_of(error) not in NOT_MODIFIED:
                raise


async def _edit_plainly(client: AsyncWebClient, view: PageView, message: dict[str, Any], code: str) -> None:
    if not shows_all(view):
        raise PageRejected(f"Slack refused chat.update: {code}") from None
    await client.chat_update(**{**message, "blocks": None})


async def _post(client: AsyncWebClient, address: Address, message: dict[str, Any]) -> dict[str, Any]:
    # An empty thread_ts is an error, so it is left out (vercel/chat#268). A preview would fetch an address the
    # agent wrote, and so leak data without a click.
    message = message | ({"thread_ts": address.thread} if address.thread else {})
    answer = await client.chat_postMessage(**message, unfurl_links=False, unfurl_media=False)
    return dict(answer.data) if isinstance(answer.data, dict) else {}


def _content(address: Address, view: PageView, allowed: AbstractSet[str]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "channel": address.place,
        "text": plain_of(view, allowed=allowed),
        "blocks": page_blocks(view, address.account, allowed),
    }
    metadata = metadata_of(view)
    return content if metadata is None else {**content, "metadata": metadata}


def _post_scope(address: Address) -> str:
    return f"slack:{address.account}:{address.place}:post"


def _edit_scope(address: Address) -> str:
    return f"slack:{address.account}:chat.update"


async def post_ephemeral(client: AsyncWebClient, address: Address, person: str, text: str) -> None:
    """Show a text to one person alone. Best effort: raises nothing but cancellation."""
    thread: dict[str, Any] = {"thread_ts": address.thread} if address.thread else {}
    try:
        with translated(Call("chat.postEphemeral")):
            async with asyncio.timeout(_EPHEMERAL_S):
                await client.chat_postEphemeral(channel=address.place, user=person, text=text, **thread)
    except BridgeError as error:
        _LOG.info("An ephemeral message could not be sent: %s", error)
