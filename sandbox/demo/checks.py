"""What must be true at the end of the demo. Pure: values in, sentences about what went wrong out."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.demo.people import Seen, replies
from sandbox.demo.script import unnamed
from sandbox.talkifai.conversations import Record

_LINK_TARGET = re.compile(r"\]\([^()\s]*\)")
_FENCE = re.compile(r"^ {0,3}(```|~~~).*$", re.MULTILINE)
_BOX_DRAWING = range(0x2500, 0x2580)
_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what the agent answers to it."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Told:
    """A thread at the end: what was asked in it and what stands in it."""

    title: str
    asked: Sequence[Asked]
    seen: Sequence[Seen]
    records: Sequence[Record]
    """The conversations that were opened from it."""


def words(text: str) -> str:
    """Return what a person reads: letters, numbers and emoji, without Markdown signs, spaces and addresses of links."""
    bare = _FENCE.sub("", _LINK_TARGET.sub("]", text))
    return "".join(sign for sign in bare if _is_read(sign))


_CONTINUES = re.compile(r"\s*_?Continues from [^\n]{1,60}\._?\s*\Z")
"""The bridge's own line below an answer whose thread goes on after its conversation was ended."""


def is_whole(asked: Asked, shown: Sequence[Seen]) -> bool:
    """Say whether these messages, put together, are the agent's answer."""
    text = _CONTINUES.sub("", "\n".join(message.text for message in shown))
    return words(text) == words(asked.answer)


def wrong_replies(told: Told) -> list[str]:
    """Return what is wrong with the replies in one thread: one to each question, equal to the agent's text."""
    answered = replies(told.seen)
    wrong = []
    if len(answered) != len(told.asked):
        wrong.append(f"{told.title}: {len(told.asked)} questions were to be asked, {len(answered)} were")
    for asked, shown in zip(told.asked, answered, strict=False):
        if not shown:
            wrong.append(f"{told.title}: no reply to “{asked.question}”")
        elif not is_whole(asked, shown):
            wrong.append(
                f"{told.title}: the reply to “{asked.question}” is not the agent's text: {_difference(asked, shown)}"
            )
    return wrong


def wrong_conversations(told: Told) -> list[str]:
    """Return what is wrong with a thread's conversations: one for all its questions, each sent once."""
    questions = [asked.question for asked in told.asked]
    if len(told.records) != 1:
        return [f"{told.title}: {len(told.records)} sessions were opened instead of 1"]
    posted = [unnamed(question) for question in told.records[0].posted]
    return [] if posted == questions else [f"{told.title}: the agent was asked {posted} instead of {questions}"]


def wrong_ends(sessions: Mapping[str, Record], end_requests: Mapping[str, int]) -> list[str]:
    """Return which sessions, given by the names of their places, were not ended exactly once."""
    wrong = []
    for title, record in sessions.items():
        requests = end_requests.get(record.id, 0)
        if record.ended_at is None:
            wrong.append(f"{title}: its session was never ended ({counted(requests, 'request')} to end it)")
        elif requests != 1:
            wrong.append(f"{title}: its session was ended by {counted(requests, 'request')} instead of 1")
    return wrong


def wrong_noise(pings: Sequence[str], previews: Sequence[str]) -> list[str]:
    """Return whom the bot pinged and which of its messages would have loaded a preview."""
    wrong = [f"the bot pinged {ping}" for ping in pings]
    return [*wrong, *(f"a link preview was loaded for “{_short(preview)}”" for preview in previews)]


def count_line(opened: int, ended: int, left_open: int) -> str:
    """Return the last line of the demo."""
    return f"{counted(opened, 'session')} opened · {ended} ended · {left_open} left open"


def _is_read(sign: str) -> bool:
    category = unicodedata.category(sign)
    return (category[0] in "LN" or category in ("So", "Sc")) and ord(sign) not in _BOX_DRAWING


def _difference(asked: Asked, shown: Sequence[Seen]) -> str:
    wanted, got = words(asked.answer), words("\n".join(message.text for message in shown))
    same = next((at for at, (one, other) in enumerate(zip(wanted, got, strict=False)) if one != other), None)
    at = min(len(wanted), len(got)) if same is None else same
    due, came = (_short(text[at:]) or "the end" for text in (wanted, got))
    return f"after {at} of {len(wanted)} letters “{due}” was due and “{came}” came"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"


def counted(count: int, noun: str) -> str:
    """Return "1 edit", "2 edits", "2 replies"."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else several}"
