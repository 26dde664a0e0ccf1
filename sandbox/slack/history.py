"""Messages that are read back: between two times, and page by page."""

from sandbox.slack.rules import Answer, Params
from sandbox.slack.workspace import SlackMessage


def newer(messages: list[SlackMessage], params: Params) -> list[SlackMessage]:
    """Return the messages between `oldest` and `latest`."""
    oldest = str(params.get("oldest") or "")
    latest = str(params.get("latest") or "9")
    if str(params.get("inclusive", "")).lower() in {"1", "true"}:
        return [message for message in messages if oldest <= message.ts <= latest]
    return [message for message in messages if oldest < message.ts < latest]


def one_page(messages: list[SlackMessage], params: Params) -> Answer:
    """Return one page of a list, and the cursor to the next."""
    wants_metadata = str(params.get("include_all_metadata", "")).lower() in {"1", "true"}
    start, limit = int(params.get("cursor") or 0), min(int(params.get("limit") or 1000), 1000)
    found = [message.as_json(with_metadata=wants_metadata) for message in messages[start : start + limit]]
    has_more = len(messages) > start + limit
    cursor = str(start + limit) if has_more else ""
    return {"messages": found, "has_more": has_more, "response_metadata": {"next_cursor": cursor}}
