"""Pages go out: posts, edits, and how they are spaced."""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import BLOCKS_REFUSED, NOT_MODIFIED, Call, code_of, translated
from adapters.slack.markup import markdown_of, plain_of, shows_all
from bridge.errors import PageRejected, PostUncertain
from bridge.models import Address, Budget, Pace, PageView
from config import slack_limits as limits

EVENT_TYPE = "talkifai_turn"
"""Marks the bridge's messages, so that `conversations.replies` can find the one that belongs to a turn."""


def pace_of(address: Address) -> Pace:
    """Space calls as Slack asks: posts per channel, all else per method in the workspace (`config/slack_limits.py`)."""
    look_up = find_scope(address, "conversations.replies" if address.thread else "conversations.history")
    workspace = f"slack:{address.account}"
    return Pace(
        edit_floor_s=limits.UPDATE_FLOOR_S,
        posts=(
            Budget(_post_scope(address), limits.POST_BURST, limits.POST_WINDOW_S, keeps_room=False),
            Budget(f"{workspace}:post", limits.POSTS_PER_MINUTE, 60.0, keeps_room=False),
        ),
        edits=(Budget(_edit_scope(address), limits.TIER_3_PER_MINUTE, 60.0, hard=False),),
        finds=(Budget(look_up, limits.TIER_3_PER_MINUTE, 60.0, keeps_room=False),),
        activity=(Budget(f"{workspace}:setStatus", limits.STATUS_PER_MINUTE, 60.0, keeps_room=False),),
        activity_every_s=limits.ACTIVITY_EVERY_S,
    )


def find_scope(address: Address, method: str) -> str:
    """Name the budget of a method that reads messages."""
    return f"slack:{address.account}:{method}"


async def post_page(client: AsyncWebClient, address: Address, view: PageView) -> str:
    """Post a page as a new message; return its `ts`.

    Raises as `Channel.post`. Where Slack refuses the blocks, which leaves no message behind, the plain text is
    posted once in their place.
    """
    call = Call("chat.postMessage", _post_scope(address), may_not_repeat=True)
    message = _content(address, view)
    with translated(call):
        try:
            answer = await _post(client, address, message)
        except SlackApiError as error:
            if code_of(error) not in BLOCKS_REFUSED or not shows_all(view, limits.POST_TEXT_CHARS):
                raise
            plain = {**message, "blocks": None, "text": plain_of(view, limits.POST_TEXT_CHARS)}
            answer = await _post(client, address, plain)
        ts = answer.get("ts")
    if not isinstance(ts, str) or not ts:
        raise PostUncertain("chat.postMessage answered without a ts")
    return ts


async def edit_page(client: AsyncWebClient, address: Address, message_id: str, view: PageView) -> None:
    """Make a message look like `view`. Raises as `Channel.edit`."""
    message = {**_content(address, view), "ts": message_id}
    with translated(Call("chat.update", _edit_scope(address))):
        try:
            await client.chat_update(**message)
        except SlackApiError as error:
            code = code_of(error)
            if code in NOT_MODIFIED:
                return
            if code not in BLOCKS_REFUSED:
                raise
            if not shows_all(view):
                raise PageRejected(f"Slack refused chat.update: {code}") from None
            await client.chat_update(**{**message, "blocks": None})


async def _post(client: AsyncWebClient, address: Address, message: dict[str, Any]) -> dict[str, Any]:
    # An empty thread_ts is an error, so it is left out (vercel/chat#268). A preview would fetch an address the
    # agent wrote, and so leak data without a click.
    message = message | ({"thread_ts": address.thread} if address.thread else {})
    answer = await client.chat_postMessage(**message, unfurl_links=False, unfurl_media=False)
    return dict(answer.data) if isinstance(answer.data, dict) else {}


def _content(address: Address, view: PageView) -> dict[str, Any]:
    content: dict[str, Any] = {
        "channel": address.place,
        "text": plain_of(view),
        "blocks": [{"type": "markdown", "text": markdown_of(view)}],
    }
    if view.turn_id:
        content["metadata"] = {"event_type": EVENT_TYPE, "event_payload": payload_of(view)}
    return content


def payload_of(view: PageView) -> dict[str, Any]:
    """Return what a message's metadata says of its page."""
    return {"turn": view.turn_id, "page": view.number}


def _post_scope(address: Address) -> str:
    return f"slack:{address.account}:{address.place}:post"


def _edit_scope(address: Address) -> str:
    return f"slack:{address.account}:chat.update"
