"""Takes an answer's events into the reply, and remembers what recovery needs if the stream breaks."""

from collections.abc import Set as AbstractSet

from bridge.domain.sessions import EndReason
from bridge.domain.stream_events import HandedOff, StreamEvent, TextDelta, ToolStarted
from bridge.reply.reply import Reply


class AnswerFold:
    """Takes the events of one sending of a question.

    If the reply already holds text, because the question is asked again, people keep seeing that text until the new one
    is as long: what they read must not shrink.
    """

    def __init__(self, reply: Reply, human_tools: AbstractSet[str] = frozenset()) -> None:
        """Take the reply, and the names (in lower case) of tools and agents that stand for a person."""
        self._reply = reply
        self._human_tools = human_tools
        self.asks_for_human = False
        """True once the agent asked for a person."""
        self._shown = reply.length
        self._text = ""
        self.streamed = 0
        """How many characters of the answer have come."""
        self.has_parts = False
        """True once a tool or another agent was at work: TalkifAI may then keep the answer as several messages."""

    @property
    def is_plain(self) -> bool:
        """True if TalkifAI surely keeps the answer as one message: text came, and no tool or other agent worked."""
        return bool(self.streamed) and not self.has_parts

    def end_reason(self, *, end_session: bool) -> EndReason | None:
        """Return why the session ends with this answer; None if it goes on."""
        if self.asks_for_human:
            return EndReason.HUMAN
        return EndReason.AGENT if end_session else None

    def apply(self, event: StreamEvent) -> None:
        """Take in one event."""
        self._reply.has_begun = True
        if isinstance(event, TextDelta):
            self._take_text(event)
            return
        self._reply.apply(event)
        if isinstance(event, ToolStarted | HandedOff):
            self.has_parts = True
            named = event.name if isinstance(event, ToolStarted) else event.to_agent
            self.asks_for_human = self.asks_for_human or named.casefold() in self._human_tools

    def _take_text(self, event: TextDelta) -> None:
        self.streamed += len(event.text)
        if not self._shown:
            self._reply.apply(event)
            return
        self._text += event.text
        if len(self._text) >= self._shown:
            self._overtake()

    def end(self) -> None:
        """Take note that nothing more comes: the new text counts now, even if it is shorter than the old one."""
        if self._text.strip():
            self._overtake()

    def _overtake(self) -> None:
        self._reply.say(None)
        self._reply.replace(self._text)
        self._shown, self._text = 0, ""
