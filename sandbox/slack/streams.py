"""Slack's native streams: messages that only grow, in a thread, for some minutes."""

import time
from collections.abc import Callable

from adapters.slack.limits import STREAM_CHARS
from sandbox.slack.blocks import checked
from sandbox.slack.facts import STREAM_LIFE_S
from sandbox.slack.rules import Answer, Params, Refused, Rules, metadata_in
from sandbox.slack.workspace import SlackMessage, SlackWorkspace

_START = frozenset({"channel", "thread_ts", "markdown_text", "recipient_user_id", "recipient_team_id"})
_APPEND = frozenset({"channel", "ts", "markdown_text"})
_STOP = frozenset({"channel", "ts", "markdown_text", "metadata", "blocks"})


class Streams(Rules):
    """The three methods. Text that is there stays: there is no way to change or shorten it before the stop."""

    def __init__(
        self,
        workspace: SlackWorkspace,
        scopes: set[str],
        posted: Callable[[SlackMessage, Params], None],
        edited: Callable[[SlackMessage, Answer, Params], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(workspace, scopes)
        self._posted = posted
        self._edited = edited
        self._clock = clock
        self._closes_at: dict[tuple[str, str], float] = {}

    @property
    def live(self) -> list[str]:
        """The `ts` of the streams that are open: each shows that the app is still writing."""
        return [ts for place, ts in self._closes_at if self._is_open((place, ts))]

    def is_live(self, message: SlackMessage) -> bool:
        """Say whether the message is a stream that is open."""
        return self._is_open((message.place, message.ts))

    def expire(self) -> None:
        """Let all streams come to the end of their time, as some minutes do."""
        self._closes_at.clear()

    def start(self, params: Params) -> Answer:
        """`chat.startStream`."""
        self._need("chat:write")
        _check(params, _START)
        place = self._writable(params)
        if params.get("thread_ts") is None:
            raise Refused("invalid_arguments", needed="thread_ts")
        thread_ts = self._thread_in(place, params)
        if place.kind != "im":
            for name in ("recipient_user_id", "recipient_team_id"):
                if not params.get(name):
                    raise Refused(f"missing_{name}")
        text = _text(params)
        if len(text) > STREAM_CHARS:
            raise Refused("msg_too_long")
        space = self._workspace
        message = SlackMessage(
            ts=space.new_ts(),
            place=place.id,
            user=space.bot_user_id,
            text="",
            thread_ts=thread_ts,
            bot_id=space.bot_id,
            app_id=space.app_id,
        )
        space.add(message)
        _grow(message, text)
        self._closes_at[message.place, message.ts] = self._clock() + STREAM_LIFE_S
        self._posted(message, _shown(message))
        return {"channel": place.id, "ts": message.ts}

    def append(self, params: Params) -> Answer:
        """`chat.appendStream`."""
        message = self._streamed(params, _APPEND)
        text = _text(params)
        if not text:
            raise Refused("no_text")
        self._extend(message, text)
        return {"channel": message.place, "ts": message.ts}

    def stop(self, params: Params) -> Answer:
        """`chat.stopStream`."""
        message = self._streamed(params, _STOP)
        text, metadata = _text(params), metadata_in(params)
        if text:
            self._extend(message, text)
        message.blocks = [*message.blocks, *checked(params.get("blocks") or [])]
        del self._closes_at[message.place, message.ts]
        message.metadata = metadata or message.metadata
        return {"channel": message.place, "ts": message.ts, "message": message.as_json()}

    def _streamed(self, params: Params, known: frozenset[str]) -> SlackMessage:
        self._need("chat:write")
        _check(params, known)
        message = self._own(params, "message_not_owned_by_app")
        if not self.is_live(message):
            raise Refused("message_not_in_streaming_state")
        return message

    def _extend(self, message: SlackMessage, text: str) -> None:
        if len(message.text) + len(text) > STREAM_CHARS:
            raise Refused("msg_too_long")
        before = message.as_json()
        _grow(message, text)
        self._edited(message, before, _shown(message))

    def _is_open(self, key: tuple[str, str]) -> bool:
        return self._clock() < self._closes_at.get(key, 0.0)


def _check(params: Params, known: frozenset[str]) -> None:
    """Refuse what the method does not take: an argument that is silently ignored would hide a mistake."""
    unknown = set(params) - known
    if unknown:
        raise Refused("invalid_arguments", unknown=sorted(unknown))


def _text(params: Params) -> str:
    text = params.get("markdown_text")
    if text is not None and not isinstance(text, str):
        raise Refused("invalid_arguments")
    return text or ""


def _grow(message: SlackMessage, text: str) -> None:
    message.text += text
    message.blocks = [{"type": "markdown", "text": message.text}] if message.text else []


def _shown(message: SlackMessage) -> Params:
    """Return the message as parameters of a post: streams have no switch for previews."""
    return {"text": message.text, "blocks": message.blocks}
