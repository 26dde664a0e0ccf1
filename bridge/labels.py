"""What people read in the label of a link: the words as they look, and the hosts that they name. Pure."""

import re
import unicodedata

_DOTS = str.maketrans({"\u3002": ".", "\u2800": " ", "\u115f": " ", "\u1160": " "})
"""The ideographic stop, a dot to browsers (UTS 46, 2.3), and letters that look like blanks."""
_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SPLIT = re.compile(r"(?<=\w)\s{0,3}\.\s{0,3}(?=(?:com|COM|net|org|ORG|info|edu|gov|io)(?!\w))")
"""A host whose ending stands apart; `.NET` does not."""

_HOST = re.compile(
    r"://(?P<behind>[^\s/?#]+)(?:[/?#]\S*)?"
    r"|(?<![\w.])(?P<number>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?!\.?\w)(?::[0-9]+)?(?:[/?#]\S*)?"
    r"|(?P<name>(?:[\w-]{1,63}\.){1,8}(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,24}))(?::[0-9]+)?(?:[/?#]\S*)?"
)


def readable_label(label: str) -> str:
    """Return a label as it looks: without signs that nobody sees, each letter in its plain form."""
    words = unicodedata.normalize("NFKC", _UNSEEN.sub("", label))
    seen = "".join(letter for letter in words if unicodedata.category(letter) != "Cf")
    return _SPLIT.sub(".", seen.translate(_DOTS))


def hosts_in(label: str) -> list[str]:
    """Return the hosts that a label names, in lower case and without `www.`; a path names none.

    Behind `://` any word is a host. What stands there before an `@` is one too: people read it so.
    """
    hosts = []
    for found in _HOST.finditer(readable_label(label).casefold()):
        named = found["number"] or found["name"] or ""
        hosts += [named] if named else [part.partition(":")[0] for part in found["behind"].split("@")]
    return [host.removeprefix("www.") for host in hosts]
