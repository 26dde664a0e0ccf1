"""What was said in a thread before a question, as Slack keeps it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, TokenExpired, translated
from adapters.slack.api.identity import BotIdentity
from adapters.slack.format.mrkdwn import mentions, to_plain_words
from adapters.slack.format.page_blocks import is_aside
from adapters.slack.people.directory import plain_name
from bridge.domain.errors import BridgeError, ChannelRateLimited, ChannelTokenRefused
from bridge.domain.incoming import Question

_LOG = logging.getLogger(__name__)
_PER_CALL = 200
_MOST_CALLS = 5
_MOST_KEPT = 100
_WITHIN_S = 5.0
_AGENT = "You"
_SHOWN_SUBTYPES = (None, "bot_message", "file_share", "thread_broadcast")

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread."""

    speaker: str
    text: str
    is_id: bool = False
    """True where the speaker is named by a user id."""


class EarlierMessages:
    """Reads threads with `conversations.replies`: Tier 3, 50 a minute; 1 a minute for some apps.

    Where Slack says that it is too often, or that the app may not, questions go without quotes.
    """

    def __init__(self, client: AsyncWebClient, workspace: BotIdentity, now: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._workspace = workspace
        self._now = now
        self._paused_until = 0.0
        self._is_allowed = True

    async def before(self, question: Question) -> Sequence[Said]:
        """Return the thread's root and its newest messages before the question, oldest first."""
        return self._said(await self._messages(question))

    async def unheard_before(self, question: Question) -> Sequence[Said]:
        """Return what was said since the bot's last message and was not said to it."""
        messages = await self._messages(question)
        own = [at for at, message in enumerate(messages) if message.get("user") == self._workspace.bot_user_id]
        since = messages[own[-1] + 1 :] if own else messages
        bot = self._workspace.bot_user_id
        return self._said([message for message in since if not mentions(str(message.get("text", "")), bot)])

    async def _messages(self, question: Question) -> list[Message]:
        """Return the messages before the question; none where Slack does not give them in time."""
        asked_ts = question.id.rpartition(":")[2]
        thread = question.address.thread
        if not thread or thread == asked_ts or not self._is_allowed or self._now() < self._paused_until:
            return []
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await self._read(question.address.place, thread, asked_ts)
        except ChannelRateLimited as error:
            self._paused_until = self._now() + error.retry_after_s
            _LOG.info("Slack limits how often threads are read: questions go without quotes for a while.")
        except TokenExpired as error:
            _LOG.warning("A thread could not be read, its question goes without quotes: %s", error)
        except ChannelTokenRefused as error:
            self._is_allowed = False
            _LOG.warning("Threads cannot be read, so questions go without quotes: %s", error)
        except (BridgeError, TimeoutError) as error:
            _LOG.warning("A thread could not be read, its question goes without quotes: %s", error)
        return []

    async def _read(self, place: str, thread: str, asked_ts: str) -> list[Message]:
        root: list[Message] = []
        newest: deque[Message] = deque(maxlen=_MOST_KEPT)
        cursor = ""
        for _ in range(_MOST_CALLS):
            options: dict[str, Any] = {"cursor": cursor} if cursor else {}
            with translated(Call("conversations.replies")):
                answer = await self._client.conversations_replies(
                    channel=place, ts=thread, latest=asked_ts, limit=_PER_CALL, **options
                )
                data = answer.data if isinstance(answer.data, dict) else {}
            for message in filter(_is_message, data.get("messages") or []):
                if message["ts"] == thread:
                    root = [message]
                elif _time_of(message["ts"]) < _time_of(asked_ts):
                    newest.append(message)
            more = data.get("response_metadata")
            cursor = str(more.get("next_cursor") or "") if isinstance(more, Mapping) else ""
            if not cursor:
                break
        return [message for message in (*root, *newest) if not self._is_own_aside(message)]

    def _is_own_aside(self, message: Message) -> bool:
        """Say whether it is a line of the bridge beside the conversation: neither said, nor an answer to anything."""
        return message.get("user") == self._workspace.bot_user_id and is_aside(message)

    def _said(self, messages: Sequence[Message]) -> list[Said]:
        found = [self._reading(message) for message in messages if message.get("subtype") in _SHOWN_SUBTYPES]
        return [said for said in found if said.text]

    def _reading(self, message: Message) -> Said:
        user, text = message.get("user"), message.get("text")
        words = to_plain_words(text, "") if isinstance(text, str) else ""
        bot = self._workspace.bot_user_id
        words = words.replace(f"@{bot}", "@you")
        if user == bot:
            return Said(_AGENT, words)
        profile = message.get("bot_profile")
        if message.get("bot_id"):
            name = profile.get("name") if isinstance(profile, Mapping) else None
            return Said(plain_name(message.get("username")) or plain_name(name) or "A bot", words)
        return Said(user, words, is_id=True) if isinstance(user, str) else Said("Someone", words)


def _is_message(message: object) -> bool:
    return isinstance(message, Mapping) and isinstance(message.get("ts"), str)


def _time_of(ts: str) -> tuple[int, str]:
    seconds, _, rest = ts.partition(".")
    return (int(seconds), rest) if seconds.isdecimal() else (0, rest)
