"""Looks whether something is there whose answer was lost.

Posts carry their turn and page as metadata; messages that show a file have its id.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from html import unescape
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, translated
from adapters.slack.api.identity import BotIdentity
from adapters.slack.format.metadata import EVENT_TYPE, payload_of
from adapters.slack.outbound.messages import find_scope
from adapters.slack.outbound.streams import may_stream
from bridge.domain.errors import ChannelTokenRefused, LookupUnsupported, MessageGone, PageRejected, PlaceMuted
from bridge.domain.pages import PageView
from bridge.domain.threads import Address

_QUESTION_TS = re.compile(r".*:([0-9]+\.[0-9]+)")
_PER_CALL = 200
_MOST_CALLS = 5


async def find_page(
    client: AsyncWebClient, workspace: BotIdentity, address: Address, view: PageView, *, streams: bool = False
) -> str | None:
    """Return the `ts` of the message that shows this page of this turn; None when it surely is not there.

    Looks at what was written since the question, in the thread or in the flat DM. `streams`: the page may have been
    posted as a stream, which carries no mark until it is closed and is known by its text. Raises as
    `Channel.find_post`.
    """
    if not view.turn_id:
        raise LookupUnsupported("a page without a turn carries no mark")
    unmarked: list[Mapping[str, Any]] = []
    async for message in _own_messages(client, workspace, address, view.turn_id):
        if _is_page(message, view):
            return str(message["ts"])
        if streams and may_stream(address) and not message.get("metadata"):
            unmarked.append(message)
    return _stream_among(unmarked, view)


async def has_file(
    client: AsyncWebClient, workspace: BotIdentity, address: Address, turn_id: str, file_id: str
) -> bool:
    """Say whether a message of the app shows this file. Raises as `find_page`."""
    async for message in _own_messages(client, workspace, address, turn_id):
        files = message.get("files")
        if any(isinstance(file, Mapping) and file.get("id") == file_id for file in files or ()):
            return True
    return False


async def _own_messages(
    client: AsyncWebClient, workspace: BotIdentity, address: Address, turn_id: str
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield what the app has written since a question. Raises `LookupUnsupported`, also where that is too much."""
    cursor = ""
    for _ in range(_MOST_CALLS):
        try:
            answer = await _read(client, address, turn_id, cursor)
        except (ChannelTokenRefused, MessageGone, PageRejected, PlaceMuted) as error:
            # Reading needs other scopes than writing: without them the bot goes on, but cannot look back.
            raise LookupUnsupported(str(error)) from None
        messages = answer.get("messages")
        for message in messages if isinstance(messages, list) else []:
            is_own = isinstance(message, Mapping) and message.get("user") == workspace.bot_user_id
            if is_own and isinstance(message.get("ts"), str):
                yield message
        more = answer.get("response_metadata")
        cursor = str(more.get("next_cursor") or "") if isinstance(more, Mapping) else ""
        if not cursor:
            return
    raise LookupUnsupported(f"more than {_PER_CALL * _MOST_CALLS} messages since the question")


async def _read(client: AsyncWebClient, address: Address, turn_id: str, cursor: str) -> Mapping[str, Any]:
    options: dict[str, Any] = {"channel": address.place, "include_all_metadata": True, "limit": _PER_CALL}
    question = _QUESTION_TS.fullmatch(turn_id)
    if question:
        options["oldest"] = question[1]
    if cursor:
        options["cursor"] = cursor
    method = "conversations.replies" if address.thread else "conversations.history"
    with translated(Call(method, find_scope(address, method))):
        if address.thread:
            answer = await client.conversations_replies(ts=address.thread, **options)
        else:
            answer = await client.conversations_history(**options)
        return answer.data if isinstance(answer.data, dict) else {}


def _stream_among(unmarked: Sequence[Mapping[str, Any]], view: PageView) -> str | None:
    """Return the unmarked message that holds the beginning of the page. Raises if it is ambiguous."""
    page = _words(view.text)
    for message in unmarked:
        text = message.get("text")
        if isinstance(text, str) and page.startswith(_words(unescape(text))):
            return str(message["ts"])
    if unmarked:
        raise LookupUnsupported("a message of the app carries no mark, and may be this page's stream")
    return None


def _words(text: str) -> str:
    return "".join(text.split())


def _is_page(message: Mapping[str, Any], view: PageView) -> bool:
    metadata = message.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != EVENT_TYPE:
        return False
    return metadata.get("event_payload") == payload_of(view)
