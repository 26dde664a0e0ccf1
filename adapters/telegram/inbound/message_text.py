"""What a message says to the bot: its text without mentions of the bot, and the command in it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.domain.incoming import COMMAND_WORDS, has_words

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?![\w/@])")


@dataclass(frozen=True, slots=True)
class MessageText:
    """The words of one message, as far as they concern the bot."""

    text: str
    """Trimmed, without mentions of the bot."""
    names_me: bool
    """The bot is mentioned, by name or by id, or named in the command."""
    command: str = ""
    """The command at the start, or the bare word alone, in lower case, without slash; empty where there is none."""
    arguments: str = ""
    """What follows the command."""
    is_empty: bool = False
    """There are no words: a voice message, a picture without a caption."""
    is_for_another_bot: bool = False
    """The command names another bot."""


def read_message_text(message: Mapping[str, Any], my_id: int, my_username: str) -> MessageText | None:
    """Read text or caption; None for a message without words, such as a sticker, or one that shows nothing."""
    raw = message.get("text") or message.get("caption")
    if not raw:
        return None
    entities = message.get("entities" if message.get("text") else "caption_entities") or ()
    text, is_mentioned = _without_mentions(raw, entities, my_id, my_username)
    if not has_words(text):
        return MessageText("", is_mentioned) if is_mentioned else None
    match = _COMMAND.match(text)
    if match is None:
        return MessageText(text, is_mentioned)
    command, named = match.group(1).lower(), (match.group(2) or "").lower()
    names_me = named == my_username.lower() if named else False
    arguments = text[match.end() :].strip()
    if names_me:
        text = f"/{match.group(1)} {arguments}".strip()
    return MessageText(
        text, is_mentioned or names_me, command, arguments, is_for_another_bot=bool(named) and not names_me
    )


def with_bare_command(words: MessageText) -> MessageText:
    """Take a command's word alone, without a slash, as the command: for chats in which all is said to the bot."""
    bare = words.text.casefold()
    return replace(words, command=bare) if bare in COMMAND_WORDS else words


def _without_mentions(raw: str, entities: Any, my_id: int, my_username: str) -> tuple[str, bool]:
    """Take out mentions of the bot. Offsets of entities count UTF-16 units."""
    units = raw.encode("utf-16-le", "surrogatepass")
    kept, end = [], 0
    mentions = sorted(_mentions(units, entities, my_id, my_username))
    for start, stop in mentions:
        kept.append(units[end:start])
        end = max(end, stop)
    kept.append(units[end:])
    # A lone half of a pair can stand in JSON and could not be stored: it becomes U+FFFD here.
    words = [part.decode("utf-16-le", "replace") for part in kept]
    text = words[0]
    for part in words[1:]:
        before, after = text.rstrip(" "), part.lstrip(" ")
        needs_gap = before and after and not before.endswith("\n") and not after.startswith("\n")
        text = f"{before} {after}" if needs_gap else before + after
    if not words[0].strip() and mentions:
        # "@bot, what is …": the comma belongs to the name.
        text = text.lstrip(" \n,:")
    return text.strip(), bool(mentions)


def _mentions(units: bytes, entities: Any, my_id: int, my_username: str) -> Iterator[tuple[int, int]]:
    """Yield the byte ranges of mentions of the bot."""
    for entity in entities:
        start = 2 * int(entity["offset"])
        stop = start + 2 * int(entity["length"])
        words = units[start:stop].decode("utf-16-le", "replace")
        by_name = entity["type"] == "mention" and words.lower() == f"@{my_username}".lower()
        by_id = entity["type"] == "text_mention" and entity["user"]["id"] == my_id
        if by_name or by_id:
            yield start, stop
