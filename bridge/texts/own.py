"""Checks texts that the operator writes instead of those that come with the bridge. Pure."""

from collections.abc import Mapping
from string import Formatter

from bridge.domain.notices import Label, Notice, Phrase, Status, TextKey
from bridge.texts.catalog import LANGUAGES, Words, shipped

KEYS: Mapping[str, TextKey] = {key.value: key for key in (*Notice, *Status, *Phrase, *Label)}
"""All texts, by name."""

_BELOW_A_PAGE = frozenset({Phrase.CONTINUES_FROM, Phrase.CONTINUES_FROM_AT, Phrase.REST_IN_FILE, Phrase.PART_IN_FILE})
_ALONE = frozenset({Notice.HOME, Label.HELP_WORDS, Label.HELP_SLASHES, Label.HELP_TALKIFAI})


def most_characters(key: TextKey) -> int:
    """Return how long a text may be: what stands below a full page has to fit into its message."""
    if key in _ALONE:
        return 1000
    if key in _BELOW_A_PAGE or isinstance(key, Status):
        return 60
    if key is Phrase.TOOLS_USED:
        return 40  # one tool's name fits behind it
    return 75 if key.value.startswith("label_") else 160


def problem_of(language: str, key: TextKey, words: Words) -> str:
    """Return what is wrong with an own text and what would be right, in two sentences; empty where nothing is.

    `language`: empty for a text that holds in every language.
    """
    english = shipped(LANGUAGES[0])[key.value]
    if not isinstance(words, str):
        wrong = _wrong_forms(language, english, words)
        if wrong:
            return wrong
    forms = [words] if isinstance(words, str) else words.values()
    return next(filter(None, (_wrong_words(form, key, _placeholders(english)) for form in forms)), "")


def _wrong_forms(language: str, english: Words, words: Mapping[str, str]) -> str:
    if isinstance(english, str):
        return "counts nothing. Write one text in quotes."
    from bridge.texts.forms import plurals  # noqa: PLC0415 - late, as in the catalog

    known = sorted(plurals(language or LANGUAGES[0]))
    unknown = sorted(set(words) - set(known))
    if unknown:
        return f"has the plural form {unknown[0]}, which there is not. Use {' and '.join(known)}."
    return "" if "other" in words else 'has no plural form for all other numbers. Add other = "…".'


def _wrong_words(form: str, key: TextKey, known: frozenset[str]) -> str:
    if not form.strip():
        return "is empty. Write a text, or leave it out."
    if len(form) > most_characters(key):
        return f"is too long. Use at most {most_characters(key)} characters."
    try:
        found = _placeholders(form)
    except ValueError:
        return "has a brace without its partner. Write {{ or }} for a brace."
    unknown = sorted(found - known)
    if not unknown:
        return ""
    named = ", ".join(f"{{{name}}}" for name in sorted(known))
    return f"has the placeholder {{{unknown[0]}}}, which is not filled. " + (f"Use {named}." if named else "Use none.")


def _placeholders(words: Words) -> frozenset[str]:
    """Return what stands between braces, whole: `{count:d}` is none of ours. Raises `ValueError`."""
    forms = [words] if isinstance(words, str) else words.values()
    return frozenset(
        f"{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}"
        for form in forms
        for _, name, spec, conversion in Formatter().parse(form)
        if name is not None
    )
