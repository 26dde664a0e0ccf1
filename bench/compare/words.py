"""Questions of the bench, the answers to them, and whether what is shown is the answer."""

import re
from dataclasses import dataclass

_QUESTION = re.compile(r"bench (\d+) (\d+) (\d+) (\d+)")
_NO_WORD = re.compile(r"[\W_]+")
_BLOCK = (
    "## Part {n}\n\nParagraph {n}: the agent reads **every question** with care and answers in plain words, so that "
    "people in the thread can follow what was found, where it came from and *what to do next*.\n\n"
    "- point {n}, with `code` and a bit more to say\n- point {n} again, with **bold words** in it\n\n"
)
BEGINS = "Reply"


@dataclass(frozen=True, slots=True)
class Work:
    """What one answer is: so many characters, in chunks, with a pause after each."""

    characters: int
    chunk: int
    pause_ms: int

    def question(self, number: int) -> str:
        """Return the question that is answered like this."""
        return f"bench {number} {self.characters} {self.chunk} {self.pause_ms}"

    @property
    def lasts_s(self) -> float:
        """How long the agent speaks."""
        return self.characters / self.chunk * self.pause_ms / 1000


def work_in(question: str) -> tuple[int, Work] | None:
    """Return the number and the work of a question of the bench."""
    found = _QUESTION.search(question)
    return (int(found[1]), Work(int(found[2]), int(found[3]), int(found[4]))) if found else None


def answer_to(number: int, work: Work) -> str:
    """Return Markdown of about that many characters, which no other number has."""
    parts, size = [f"{BEGINS} {number} begins. "], 0
    while size < work.characters:
        parts.append(_BLOCK.format(n=f"{number}.{len(parts)}"))
        size += len(parts[-1])
    return "".join(parts)[: work.characters].rstrip()


def said(text: str) -> str:
    """Reduce a text to its letters and digits: markup and page ends are shown in another way on each service."""
    return _NO_WORD.sub("", text)
