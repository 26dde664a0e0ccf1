"""What stands on the wire to stream events, within bounds. Pure: no socket, no clock.

httpx-sse reads lines and fields; on both sides of it stands a part of this module. `BoundedText` gives it text, and
bounds what it holds, since it has no bound of its own. `EventReader` reads the events that it gives: it gives an empty
one at each blank line once it has seen an `id:`, where by the standard an event without data does not exist.
"""

import codecs
from collections import Counter

from adapters.talkifai.limits import TalkifaiLimits
from adapters.talkifai.payloads import SkippedEvent, fix_surrogates, read_event
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, TextDelta

_BYTE_ORDER_MARK = "\ufeff"


class OverBounds(Exception):
    """An event or the whole answer is larger than the client is willing to hold."""


class BoundedText:
    """Bytes to text, whatever the chunks, without a byte order mark. Bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._at_start = True

    def feed(self, chunk: bytes) -> str:
        """Return the text that `chunk` completes. Raises `OverBounds`."""
        self._held += len(chunk)
        if self._held > self._max_bytes:
            raise OverBounds(f"the stream has no event within {self._max_bytes} bytes")
        text = self._decoder.decode(chunk)
        if self._at_start and text:
            self._at_start = False
            return text.removeprefix(_BYTE_ORDER_MARK)
        return text

    def restart(self) -> None:
        """Say that an event came: what was held is held no more."""
        self._held = 0


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
        if self.ended or not data:
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
        text = self._high_surrogate + delta.text
        self._high_surrogate = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        text = fix_surrogates(text.removesuffix(self._high_surrogate) if self._high_surrogate else text)
        self._characters += len(text)
        if self._characters > self._most_characters:
            raise OverBounds(f"the answer is over {self._most_characters} characters")
        return TextDelta(text) if text else None
