"""Slack's own streams: `chat.startStream`, `appendStream`, `stopStream` in the threads of direct messages.

A stream only grows: text once appended stays. So nothing is appended that could still change its meaning, an append
whose answer was lost is never repeated, and whatever goes wrong ends in the same way: the stream is stopped and its
message made whole with `chat.update`. A stream offers no switch for link previews, which leak data without a click,
so no web address is ever appended.
"""

import logging
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, code_of, is_refusal, translated
from adapters.slack.format.markdown_block import escape_markdown, markdown_of
from adapters.slack.format.metadata import metadata_of
from adapters.slack.format.page_blocks import blocks_below
from adapters.slack.limits import STREAM_CHARS, USUAL
from adapters.slack.outbound.thread_status import Activity
from bridge.domain.errors import ChannelRateLimited, PostUncertain, Retryable
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from bridge.runtime.bounded_dict import BoundedDict

_LOG = logging.getLogger(__name__)
_KEPT = 1_000
_OFF_S = 3600.0
_NEVER = frozenset(
    {"feature_not_enabled", "method_deprecated", "missing_scope", "not_allowed_token_type", "unknown_method"}
)
_ADDRESS = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_OPEN_LINK = re.compile(r"\[[^\[\]\n]*(?:\](?:\([^()\n]*)?)?")
# Blanks are read from the beginning of their run alone: from each of them it would take time by the square.
_OPEN_SIGN = re.compile(r"(?:&[A-Za-z]{0,4}|<[^<>\s]{0,60}|\\|(?<!\s)\s+)\Z")


@dataclass(slots=True)
class _Stream:
    """What this process knows of a stream that it started."""

    began: float
    sent: str
    is_sound: bool = True
    """False while an answer is outstanding, and for good where it was lost: then `sent` may be too short."""
    status: str = ""


class _RefusedError(Exception):
    """Slack surely did not do it, and will not."""


def may_stream(address: Address) -> bool:
    """Say whether the place has streams that everybody there sees: the thread of a direct message."""
    return address.place.startswith("D") and bool(address.thread)


def certain(source: str, allowed: AbstractSet[str]) -> str:
    """Render what of a growing text can be appended for good. Pure."""
    opened = source.rfind("[")
    if opened >= 0 and _OPEN_LINK.fullmatch(source, opened):
        source = source[:opened].removesuffix("!")
    shorter = _OPEN_SIGN.sub("", source)
    while shorter != source:
        source, shorter = shorter, _OPEN_SIGN.sub("", shorter)
    return escape_markdown(source, allowed)


class Streams:
    """The streams that this process has open."""

    def __init__(
        self,
        client: AsyncWebClient,
        activity: Activity,
        allowed: AbstractSet[str],
        now: Callable[[], float] = monotonic,
        *,
        age_most_s: float = USUAL.stream_age_most_s,
    ) -> None:
        self._client = client
        self._age_most_s = age_most_s
        self._activity = activity
        self._allowed = allowed
        self._now = now
        self._open: BoundedDict[str, _Stream] = BoundedDict(_KEPT)
        self._off_until = 0.0

    def are_offered(self, address: Address) -> bool:
        """Say whether to try a stream there: it is the place for one, and Slack has not said that it has none."""
        return may_stream(address) and self._now() >= self._off_until

    async def start(self, address: Address, view: PageView) -> str | None:
        """Show a page that grows as a new stream and return its `ts`; None where it is to be posted instead.

        Raises as `Channel.post`.
        """
        text = certain(view.source or view.text, self._allowed)
        if view.final or not text or not self.are_offered(address) or _ADDRESS.search(view.text):
            return None
        with translated(Call("chat.startStream", start_scope(address), may_not_repeat=True)):
            try:
                answer = await self._client.chat_startStream(
                    channel=address.place, thread_ts=address.thread, markdown_text=text
                )
            except SlackApiError as error:
                if not is_refusal(error):
                    raise
                self._note_refusal(code_of(error))
                return None
            ts = answer.get("ts")
        if not isinstance(ts, str) or not ts:
            raise PostUncertain("chat.startStream answered without a ts")
        self._open[ts] = _Stream(self._now(), text)
        return ts

    async def go_on(self, address: Address, ts: str, view: PageView) -> bool:
        """Let a stream show the page. False where its message is to be edited: it is no stream, or no longer one.

        Raises as `Channel.edit`.
        """
        stream = self._open.get(ts)
        if stream is None:
            return False
        wanted = self._wanted(stream, view)
        if wanted is not None:
            try:
                await self._extend(address, ts, stream, view, wanted)
            except _RefusedError as error:
                _LOG.info("a stream cannot go on and is edited from now on: %s", error)
            else:
                return True
        await stop(self._client, address, ts, view)
        self._open.pop(ts, None)
        return False

    def _wanted(self, stream: _Stream, view: PageView) -> str | None:
        """Return all that the stream is to hold now; None where appending cannot make it so."""
        is_old = self._now() - stream.began > self._age_most_s
        if not stream.is_sound or is_old or _ADDRESS.search(view.text):
            return None
        if view.final:
            wanted = markdown_of(view, self._allowed)
        else:
            wanted = certain(view.source or view.text, self._allowed)
            if stream.sent.startswith(wanted):
                wanted = stream.sent
        return wanted if wanted.startswith(stream.sent) and len(wanted) <= STREAM_CHARS else None

    async def _extend(self, address: Address, ts: str, stream: _Stream, view: PageView, wanted: str) -> None:
        """Append what is missing, and stop where the page is final. Raises `_RefusedError`."""
        rest = wanted[len(stream.sent) :]
        if view.final:
            with self._sending(stream, Call("chat.stopStream", stop_scope(address))):
                await self._client.chat_stopStream(
                    channel=address.place,
                    ts=ts,
                    markdown_text=rest or None,
                    blocks=blocks_below(view, address.account) or None,
                    metadata=metadata_of(view),
                )
            self._open.pop(ts, None)
            return
        if rest:
            with self._sending(stream, Call("chat.appendStream", append_scope(address))):
                await self._client.chat_appendStream(channel=address.place, ts=ts, markdown_text=rest)
            stream.sent = wanted
        if view.status != stream.status:
            stream.status = view.status
            with suppress(Retryable):
                await self._activity.say(address, view)

    @contextmanager
    def _sending(self, stream: _Stream, call: Call) -> Iterator[None]:
        """Note what one call leaves of the stream. Raises `_RefusedError`, or as `Channel.edit`."""
        stream.is_sound = False
        try:
            with translated(call):
                try:
                    yield
                except SlackApiError as error:
                    if is_refusal(error):
                        raise _RefusedError(code_of(error)) from None
                    raise
        except ChannelRateLimited:
            stream.is_sound = True  # it had no effect
            raise
        stream.is_sound = True

    def _note_refusal(self, code: str) -> None:
        if code in _NEVER:
            self._off_until = self._now() + _OFF_S
        _LOG.info("Slack starts no stream (%s): the reply is edited instead.", code)


async def stop(client: AsyncWebClient, address: Address, ts: str, view: PageView) -> None:
    """Close a stream with what it holds, ours or another worker's; one that is closed already is fine.

    Raises `ChannelUnavailable` and `ChannelRateLimited`.
    """
    with translated(Call("chat.stopStream", stop_scope(address))):
        try:
            await client.chat_stopStream(channel=address.place, ts=ts, metadata=metadata_of(view))
        except SlackApiError as error:
            if not is_refusal(error):
                raise


def start_scope(address: Address) -> str:
    """Name the budget of starts, for the whole workspace like the other two."""
    return f"slack:{address.account}:chat.startStream"


def append_scope(address: Address) -> str:
    """Name the budget of appends."""
    return f"slack:{address.account}:chat.appendStream"


def stop_scope(address: Address) -> str:
    """Name the budget of stops."""
    return f"slack:{address.account}:chat.stopStream"
