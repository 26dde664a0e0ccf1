"""Slack's native streams: messages that only grow, in a thread, for some minutes."""

import time
from collections.abc import Callable, Sequence

from adapters.slack.limits import STREAM_CHARS
from sandbox.slack.blocks import checked
from sandbox.slack.chunks import Grown, check_display_mode, grown_by
from sandbox.slack.facts import STREAM_LIFE_S
from sandbox.slack.rules import Answer, Params, Refused, Rules, metadata_in
from sandbox.slack.workspace import SlackMessage, SlackWorkspace

_EVERYWHERE = frozenset({"channel", "markdown_text", "chunks", "team_id"})
_START = _EVERYWHERE | {"thread_ts", "recipient_user_id", "recipient_team_id", "task_display_mode"}
_APPEND = _EVERYWHERE | {"ts"}
_STOP = _EVERYWHERE | {"ts", "metadata", "blocks", "session_status"}


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
        self.tasks: dict[str, dict[str, tuple[str, str]]] = {}
        """Title and state of each task, by the stream's `ts` and the task's id. A plan's title has no id."""

    @property
    def live(self) -> list[str]:
        """The `ts` of the streams that are open: each shows that the app is still writing."""
        return [ts for place, ts in self._closes_at if self._is_open((place, ts))]

    def is_live(self, message: SlackMessage) -> bool:
        """Say whether the message is a stream that is open."""
        return self._is_open((message.place, message.ts))

    def has_expired(self, message: SlackMessage) -> bool:
        """Say whether the message is a stream that came to the end of its time without a stop."""
        return (message.place, message.ts) in self._closes_at and not self.is_live(message)

    def expire(self) -> None:
        """Let all streams come to the end of their time, as some minutes do."""
        self._closes_at = dict.fromkeys(self._closes_at, -1.0)

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
        check_display_mode(params)
        grown = grown_by(params)
        if len(grown.text) > STREAM_CHARS:
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
        self._grow(message, grown)
        self._closes_at[message.place, message.ts] = self._clock() + STREAM_LIFE_S
        self._posted(message, _shown(message))
        return {"channel": place.id, "ts": message.ts}

    def append(self, params: Params) -> Answer:
        """`chat.appendStream`."""
        message = self._streamed(params, _APPEND)
        grown = grown_by(params)
        if grown.is_empty:
            raise Refused("no_text")
        self._extend(message, grown)
        return {"channel": message.place, "ts": message.ts}

    def stop(self, params: Params) -> Answer:
        """`chat.stopStream`."""
        message = self._streamed(params, _STOP)
        grown, metadata = grown_by(params), metadata_in(params)
        below = checked(params.get("blocks") or [])
        if not grown.is_empty or any(block["type"] == "context" for block in below):
            self._extend(message, grown, below)
        else:
            message.blocks = [*message.blocks, *below]
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

    def _extend(self, message: SlackMessage, grown: Grown, below: Sequence[Answer] = ()) -> None:
        if len(message.text) + len(grown.text) > STREAM_CHARS:
            raise Refused("msg_too_long")
        before = message.as_json()
        self._grow(message, grown)
        message.blocks = [*message.blocks, *below]
        self._edited(message, before, _shown(message))

    def _grow(self, message: SlackMessage, grown: Grown) -> None:
        others = [block for block in message.blocks if block.get("type") != "markdown"]
        message.text += grown.text
        words = [{"type": "markdown", "text": message.text}] if message.text else []
        message.blocks = [*words, *others, *grown.blocks]
        if grown.tasks:
            self.tasks.setdefault(message.ts, {}).update(grown.tasks)

    def _is_open(self, key: tuple[str, str]) -> bool:
        return self._clock() < self._closes_at.get(key, 0.0)


def _check(params: Params, known: frozenset[str]) -> None:
    """Refuse what the method does not take: an argument that is silently ignored would hide a mistake."""
    unknown = set(params) - known
    if unknown:
        raise Refused("invalid_arguments", unknown=sorted(unknown))


def _shown(message: SlackMessage) -> Params:
    """Return the message as parameters of a post: streams have no switch for previews."""
    return {"text": message.text, "blocks": message.blocks}
