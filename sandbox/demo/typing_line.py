"""The line in which the user types: an editor for characters as they come from a terminal or a pipe."""

import re
from collections.abc import Callable, Mapping

from rich.text import Text

TAB, QUIT, DONE = "\t", "/quit", "/done"
PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Ask the terminal to mark what is pasted, and not to mark it any more."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|[^\[O])")
_BEGUN = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*|O)?\Z")
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
_LONGEST, _REMEMBERED = 10_000, 100
TYPING_HEIGHT = 3
_HINT = "s d t g: choose a place (t: hello)  Tab: the next  n: new thread  /done  /quit"
_WORDS = "say: tool, hand me over, long 9000, table, code, slow, goodbye"
_NEWLINE = "⏎"


class TypingLine:
    """Holds what is typed until Enter. The arrow keys move in it, and bring back earlier lines."""

    def __init__(self) -> None:
        self.place = ""
        """Who writes where, as the prompt names it."""
        self.text = ""
        self.cursor = 0
        """Where the next sign goes."""
        self._rest = ""
        """The beginning of a key's sequence whose end has not come yet."""
        self._is_pasting = False
        self._earlier: list[str] = []
        self._looked_back = 0
        self._keys: Mapping[str, Callable[[], None]] = {
            "\x1b[D": lambda: self._move(-1),
            "\x1b[C": lambda: self._move(1),
            "\x1b[A": lambda: self._look_back(1),
            "\x1b[B": lambda: self._look_back(-1),
            **dict.fromkeys(("\x1b[H", "\x1bOH", "\x1b[1~", "\x01"), lambda: self._move(-_LONGEST)),
            **dict.fromkeys(("\x1b[F", "\x1bOF", "\x1b[4~", "\x05"), lambda: self._move(_LONGEST)),
            "\x1b[3~": self._delete,
            **dict.fromkeys(("\x7f", "\b"), self._rub_out),
            "\x15": lambda: self._put("", 0),
            "\x17": self._drop_word,
            _PASTE_BEGINS: lambda: self._paste(begins=True),
            _PASTE_ENDS: lambda: self._paste(begins=False),
        }

    def feed(self, typed: str) -> list[str]:
        """Take characters in; return the lines that they complete, `TAB`, and `QUIT` for Ctrl-D on an empty line.

        What is pasted is one line, whatever is in it, where the terminal marks it (bracketed paste).
        """
        entered: list[str] = []
        for key in self._keys_in(typed):
            if key in self._keys:
                self._keys[key]()
            elif self._is_pasting:
                self._insert("\n" if key == "\r" else key)
            elif key in "\r\n":
                entered.append(self._enter())
            elif key == TAB:
                entered.append(TAB)
            elif key == "\x04":
                entered += [] if self.text else [QUIT]
            else:
                self._insert(key)
        return [line for line in entered if line == TAB or line.strip()]

    def shown(self, width: int = 80) -> Text:
        """Return the prompt and two lines of hints, none wider than the terminal: the end of a long text is shown."""
        prompt = Text.assemble((f" {self.place} ", "reverse"), " ")
        room = max(8, width - prompt.cell_len - 2)
        before = self.text[: self.cursor].replace("\n", _NEWLINE)
        after = self.text[self.cursor :].replace("\n", _NEWLINE)
        head = before if len(before) <= room else f"…{before[1 - room :]}"
        prompt.append_text(Text.assemble(head, ("▏", "blink"), after[: max(0, room - len(head))]))
        lines = [prompt, *(Text(f" {hint}", "dim") for hint in (_HINT, _WORDS))]
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return Text("\n").join(lines)

    def _keys_in(self, typed: str) -> list[str]:
        """Split what came into keys. A sequence that is cut off waits for its rest."""
        typed, self._rest = self._rest + typed, ""
        cut = _BEGUN.search(typed)
        if cut is not None:
            typed, self._rest = typed[: cut.start()], cut[0]
        keys: list[str] = []
        at = 0
        while at < len(typed):
            found = _ESCAPE.match(typed, at)
            keys.append(found[0] if found else typed[at])
            at += len(keys[-1])
        return keys

    def _enter(self) -> str:
        line = self.text
        if line.strip():
            self._earlier = [*self._earlier, line][-_REMEMBERED:]
        self._looked_back = 0
        self._put("", 0)
        return line

    def _insert(self, sign: str) -> None:
        if (sign.isprintable() or sign == "\n") and len(self.text) < _LONGEST:
            self._put(self.text[: self.cursor] + sign + self.text[self.cursor :], self.cursor + len(sign))

    def _rub_out(self) -> None:
        if self.cursor:
            self._put(self.text[: self.cursor - 1] + self.text[self.cursor :], self.cursor - 1)

    def _delete(self) -> None:
        self._put(self.text[: self.cursor] + self.text[self.cursor + 1 :], self.cursor)

    def _drop_word(self) -> None:
        kept = self.text[: self.cursor].rstrip().rpartition(" ")[0]
        self._put(kept + self.text[self.cursor :], len(kept))

    def _move(self, by: int) -> None:
        self.cursor = min(len(self.text), max(0, self.cursor + by))

    def _look_back(self, by: int) -> None:
        self._looked_back = min(len(self._earlier), max(0, self._looked_back + by))
        line = self._earlier[-self._looked_back] if self._looked_back else ""
        self._put(line, len(line))

    def _paste(self, *, begins: bool) -> None:
        self._is_pasting = begins

    def _put(self, text: str, cursor: int) -> None:
        self.text, self.cursor = text, cursor
