"""Makes text safe to read: no signs that steer, hide or overflow what is shown; what a link's label says. Pure."""

import re
import unicodedata

_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls
    "\u202a-\u202e\u2066-\u2069"  # overrides of the direction of writing, which can disguise an address
    "\u0333\u033f]"  # lines that grow over their neighbours; Telegram's server removes them (server source)
    # Tags spell invisible words, except behind a black flag, where they spell a country's name.
    "|(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)
_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
_MANY_MARKS = re.compile(rf"({_MARK}{{8}}){_MARK}+")
_MANY_INVISIBLE = re.compile(
    r"([\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]{2})[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]+"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_CHANGED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u2069\u0333\u033f\ud800-\udfff\U000e0000-\U000e007f"
    "\u00ad\u180e\u200b-\u200f\ufeff]"
)
_MARKED = re.compile(_MARK)
"""A text without any of these, and of those, stays as it is: most texts are looked at once."""
_PLAIN = bytes((*b"\t\n", *range(0x20, 0x7F)))
"""Neither of these nor of those: what is left of most texts without them is a few characters, or none."""

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


def sanitize(text: str) -> str:
    """Return the words without control signs, with one kind of line end, and floods of invisible signs cut off.

    Half a character, which JSON can bring and nothing can encode, becomes U+FFFD.
    """
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN).decode("utf-8", "surrogatepass")
    if _CHANGED.search(rest) is None and _MARKED.search(rest) is None:
        return text
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    return _MANY_INVISIBLE.sub(r"\1", _MANY_MARKS.sub(r"\1", _LONE_SURROGATE.sub("\ufffd", text)))


def readable_label(label: str) -> str:
    """Return a label as it looks: without invisible signs, each letter in its plain form."""
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
