"""The wire's events to the bridge's, within bounds. Pure: no socket, no clock."""

from collections import Counter

from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.payloads import SkippedEvent, fix_surrogates, read_event
from adapters.talkifai.wire_events import OverBounds
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, TextDelta


class EventReader:
    """Turns the wire's events into the bridge's; nothing follows a `StreamEnded` or `StreamFailed`."""

    def __init__(self, limits: TalkifaiLimits) -> None:
        self._most_characters = limits.answer_characters
        self._characters = 0
        self._high_surrogate = ""
        self.passed_over: Counter[SkippedEvent] = Counter()
        """How many events were passed over, by reason."""
        self.ended = False
        """True: the answer is whole or the agent gave up."""

    def read(self, kind: str, data: str) -> StreamEvent | None:
        """Read one event; None for one that is passed over. Raises `OverBounds` where the answer is too long."""
        if self.ended:
            return None
        event = read_event(kind, data)
        if isinstance(event, TextDelta):
            return self._whole_text(event)
        if isinstance(event, SkippedEvent):
            self.passed_over[event] += 1
            return None
        self.ended = isinstance(event, StreamEnded | StreamFailed)
        return event

    def _whole_text(self, delta: TextDelta) -> TextDelta | None:
        """Keep back half of a character that the sender split over two chunks, and count the answer's length."""
        text = delta.text
        if self._high_surrogate or not text.isascii():
            text = self._high_surrogate + text
            self._high_surrogate = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
            text = fix_surrogates(text.removesuffix(self._high_surrogate) if self._high_surrogate else text)
        self._characters += len(text)
        if self._characters > self._most_characters:
            raise OverBounds(f"the answer is over {self._most_characters} characters")
        if text is delta.text:
            return delta
        return TextDelta(text) if text else None
