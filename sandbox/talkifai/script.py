"""What the stand-in agent answers: scripted steps, and a default script steered by words in the question.

| a question with          | is answered with                                                        |
| ------------------------ | ----------------------------------------------------------------------- |
| `tool`, `look up`        | a tool call, its result, then text                                      |
| `hand me over`           | a hand-off to another agent, then text                                  |
| `long`, `long <number>`  | rich Markdown of 20,000 or that many characters (500,000 at most)       |
| `goodbye`                | a farewell; the agent ends the session (`end_session`)                  |
| `error`                  | some text, then an `error` event                                        |
| `markdown`               | headings, emphasis, a list, a quote, a link                             |
| `table`                  | a table                                                                 |
| `code`                   | a fenced block of code                                                  |
| `slow`                   | three seconds of thought with keep-alive comments, then text            |
| `empty`                  | no text at all                                                          |
| anything else            | a friendly sentence or two that repeat the question                     |

The first row that matches counts. Words are matched whole, in any case.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.faults import Gate
from sandbox.talkifai.long_answer import long_answer

MOST_LONG = 500_000


@dataclass(frozen=True, slots=True)
class Say:
    """Text, in chunks of so many characters with a pause after each."""

    text: str
    chunk: int = 12
    pause_s: float = 0.03


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool call and, after a while, its result."""

    name: str
    duration_s: float = 0.8


@dataclass(frozen=True, slots=True)
class Handoff:
    """Another agent takes over."""

    to_agent: str
    from_agent: str = ""
    short: bool = False
    """True: in the form `{"to"}` instead of `{"from_agent", "to_agent"}`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Silence until a gate is opened."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Comments, which hold the connection open and say nothing."""

    count: int = 1
    every_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of the body as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Fail:
    """The `error` event. The answer is not kept in the history."""

    error: str


@dataclass(frozen=True, slots=True)
class End:
    """The `stream_end` event."""

    usage: Mapping[str, object] = field(default_factory=lambda: {"prompt_tokens": 20, "completion_tokens": 30})
    end_session: bool = False


Step = Say | Tool | Handoff | Pause | Hold | KeepAlive | Raw | Fail | End


@dataclass(frozen=True, slots=True)
class Answer:
    """Steps after `stream_start`. Without `End` or `Fail` the body just stops; the history keeps the text even so."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, *steps: Step | str) -> "Answer":
        """Build a whole answer: strings are said, and an `End` is added where no end stands."""
        said = tuple(Say(step) if isinstance(step, str) else step for step in steps)
        is_ended = bool(said) and isinstance(said[-1], End | Fail)
        return cls(said if is_ended else (*said, End()))

    def up_to(self, step: int, characters: int) -> "Answer":
        """Return what was said before that step, and so many characters of the step itself."""
        last = self.steps[step]
        cut = (Say(last.text[:characters]),) if isinstance(last, Say) else ()
        return Answer((*self.steps[:step], *cut))

    @property
    def text(self) -> str:
        """All that is said."""
        return "".join(self.parts)

    @property
    def parts(self) -> list[str]:
        """All that is said, divided where a tool or another agent was at work."""
        parts = [""]
        for step in self.steps:
            if isinstance(step, Say):
                parts[-1] += step.text
            elif isinstance(step, Tool | Handoff):
                parts.append("")
        return parts


Responder = Callable[[str], Answer]
"""Gives the answer to a question's text."""

_MARKDOWN = """## What I found

Some words are **bold**, some *slanted*, some ~~gone~~, and `inline code` is kept as it is.

- first, a point
- second, a point with a [link](https://example.com/docs)
  1. nested and numbered
  2. to the end

> A quotation, for good measure.
"""
_TABLE = """Here is the overview:

| plan | requests a minute | good for |
| --- | ---: | --- |
| Free | 60 | trying it out |
| Pro | 300 | a busy team |
| Enterprise | 1,000 | everybody |

Anything else?"""
_CODE = """This does it:

```python
def greet(name: str) -> str:
    return f"Hello, {name} & friends <3"
```

Run it with `python greet.py`."""


_MOST_QUOTED = 1000
"""Characters of a question that an answer repeats: people do not read files in it."""


def answer_by_words(question: str) -> Answer:
    """Pick an answer by the table of this module."""
    for pattern, answer in _ROWS:
        found = re.search(rf"\b(?:{pattern})\b", question, re.IGNORECASE)
        if found:
            return answer(question)
    quoted = question if len(question) <= _MOST_QUOTED else f"{question[:_MOST_QUOTED]}…"
    return Answer.of(f"You asked: {quoted}\n\nThat is a good question, and here is what I can tell you about it. 🙂")


def _long(question: str) -> Answer:
    found = re.search(r"\blong\s+(\d{1,9})\b", question, re.IGNORECASE)
    characters = min(int(found[1]), MOST_LONG) if found else 20_000
    return Answer.of(Say(long_answer(characters), chunk=max(12, characters // 400)))


_ROWS: tuple[tuple[str, Responder], ...] = (
    ("tool|look up", lambda question: Answer.of("One moment. ", Tool("web_search"), f"I looked it up: {question}")),
    (
        "hand me over",
        lambda _: Answer.of(Handoff("Billing Agent", "Support Agent"), "Hello, this is billing. How can I help?"),
    ),
    ("long", _long),
    ("goodbye", lambda _: Answer.of("Goodbye, and thank you for writing!", End(end_session=True))),
    ("error", lambda _: Answer.of("Let me see, it should be", Fail("model overloaded"))),
    ("markdown", lambda _: Answer.of(_MARKDOWN)),
    ("table", lambda _: Answer.of(_TABLE)),
    ("code", lambda _: Answer.of(_CODE)),
    ("slow", lambda question: Answer.of(KeepAlive(3), f"I had to think about that: {question}")),
    ("empty", lambda _: Answer.of(End())),
)
