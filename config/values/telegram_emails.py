"""Who is who: the operator's file that gives people of a channel the e-mail addresses by which TalkifAI knows them."""

import re
from collections.abc import Mapping
from pathlib import Path

_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_USER_ID = re.compile(r"[1-9][0-9]{0,19}")
_MOST_BYTES = 4 * 2**20
_FORM = "Write one person a line: the Telegram user id, a space, the e-mail address."


def read_identities(text: str) -> Mapping[str, str]:
    """Read the file at a path: user id to e-mail. Empty lines and lines that begin with `#` are passed over.

    Raises `ValueError`, with the number of the line, for anything else that is no such pair, and for a person who
    stands there twice.
    """
    lines = _read(Path(text).expanduser()).splitlines()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or not _USER_ID.fullmatch(words[0]) or not _EMAIL.fullmatch(words[1]):  # noqa: PLR2004 - a pair
            raise ValueError(f"names a file whose line {number} is no pair. {_FORM}")
        if words[0] in found:
            raise ValueError(f"names a file whose line {number} has a person who stands there before. {_FORM}")
        found[words[0]] = words[1].lower()
    return found


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"names a file of more than {_MOST_BYTES // 2**20} MB. {_FORM}")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("names a file that is not UTF-8 text. Save it again as UTF-8.") from None
    except OSError as error:
        raise ValueError(f"names a file that cannot be read ({error.strerror}). Give the path of one.") from None
