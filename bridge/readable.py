"""Text that can be read: without signs that steer, hide or overflow what is shown. Pure; every prefix stays one."""

import re

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


def readable(text: str) -> str:
    """Return the words without control signs, with one kind of line end, and floods of invisible signs cut off.

    Half a character, which JSON can bring and nothing can encode, becomes U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    return _MANY_INVISIBLE.sub(r"\1", _MANY_MARKS.sub(r"\1", _LONE_SURROGATE.sub("\ufffd", text)))
