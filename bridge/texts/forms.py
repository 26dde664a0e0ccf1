"""Plural forms, numbers, days and times as a language writes them."""

from collections.abc import Set as AbstractSet
from datetime import date, datetime

from babel.core import Locale
from babel.dates import format_skeleton, format_time
from babel.numbers import format_decimal


def plural(count: int, language: str) -> str:
    """Return CLDR's name of the plural form that goes with a number."""
    return Locale.parse(language).plural_form(count)


def plurals(language: str) -> AbstractSet[str]:
    """Return CLDR's names of a language's plural forms."""
    return Locale.parse(language).plural_form.tags | {"other"}


def number(value: int, language: str) -> str:
    """Return a number with the separators of the language."""
    return format_decimal(value, locale=language)


def time_of_day(at: datetime, language: str) -> str:
    """Return hours and minutes, in the zone of `at`."""
    return format_time(at, "short", tzinfo=at.tzinfo, locale=language)


def day(at: date, language: str) -> str:
    """Return a day and its month."""
    return format_skeleton("MMMd", at, locale=language)
