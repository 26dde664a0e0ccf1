"""The line in which somebody types: an editor for characters as they come from a terminal or a pipe."""

import re

from rich.text import Text

TAB, QUIT = "\t", "/quit"
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?")
_LONGEST = 10_000
TYPING_HEIGHT = 3
_WORDS = "words for the agent: tool, hand me over, long 9000, table, code, slow, goodbye"
_HINT = "s: d: t: g: choose where you write · n: new Slack thread · Tab: next place · /quit"


class TypingLine:
    """Holds what is typed until Enter."""

    def __init__(self) -> None:
        self.place = ""
        """Who writes where, as the prompt names it."""
        self.text = ""

    def feed(self, typed: str) -> list[str]:
        """Take characters in; return the lines that they complete, `TAB`, and `QUIT` for Ctrl-D on an empty line."""
        entered: list[str] = []
        for sign in _ESCAPE.sub("", typed):
            if sign in "\r\n":
                entered.append(self.text)
                self.text = ""
            elif sign == TAB:
                entered.append(TAB)
            elif sign == "\x04":
                entered += [] if self.text else [QUIT]
            else:
                self._edit(sign)
        return [line for line in entered if line == TAB or line.strip()]

    def shown(self) -> Text:
        """Return the prompt and two lines of hints."""
        prompt = Text.assemble((f" {self.place} ", "reverse"), " ", self.text, ("▏", "blink"))
        return Text("\n").join([prompt, *(Text(f" {hint}", "dim") for hint in (_HINT, _WORDS))])

    def _edit(self, sign: str) -> None:
        if sign in "\x7f\b":
            self.text = self.text[:-1]
        elif sign == "\x15":
            self.text = ""
        elif sign == "\x17":
            self.text = self.text.rstrip().rpartition(" ")[0]
        elif sign.isprintable() and len(self.text) < _LONGEST:
            self.text += sign
