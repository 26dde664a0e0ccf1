"""Reads out of a message what a bridge carried over from earlier conversations, and the question itself."""

import re

_CARRIED = re.compile(
    r"What was said before in this thread[^\n]*\n((?:>[^\n]*\n)+)\nThe thread goes on:\n(.*)", re.DOTALL
)


def split_carried(message: str) -> tuple[str, str]:
    """Return the quoted lines, without their marks, and the question. Empty where nothing is carried over."""
    found = _CARRIED.fullmatch(message)
    if found is None:
        return "", message
    return "\n".join(line[1:].removeprefix(" ") for line in found[1].splitlines()), found[2]
