"""The files of the languages, each against the names of the texts and against English."""

from collections.abc import Mapping

import pytest
from babel.core import Locale

from bridge.domain.notices import Label, Notice, Phrase, Status, TextKey
from bridge.texts.catalog import LANGUAGES, Words, placeholders, shipped

KEYS: tuple[TextKey, ...] = (*Notice, *Status, *Phrase, *Label)
_WITHOUT_A_NUMBER = frozenset({"count"})
"""A plural form may say its number in words: "a minute"."""


def _forms(words: Words) -> Mapping[str, str]:
    return {"other": words} if isinstance(words, str) else words


def test_no_two_texts_have_one_name() -> None:
    assert len({key.value for key in KEYS}) == len(KEYS)
    assert all(key.value.isidentifier() for key in KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_and_no_other(language: str) -> None:
    assert set(shipped(language)) == {key.value for key in KEYS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_the_placeholders_of_the_english_one(language: str) -> None:
    english = shipped("en")
    for name, words in shipped(language).items():
        wanted = placeholders(english[name])
        for form in _forms(words).values():
            assert placeholders(form) | _WITHOUT_A_NUMBER == wanted | _WITHOUT_A_NUMBER, name
        assert placeholders(words) == wanted, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_counts_in_english_has_the_plural_forms_of_its_language(language: str) -> None:
    english, rules = shipped("en"), Locale.parse(language).plural_form
    for name, words in shipped(language).items():
        assert isinstance(words, str) == isinstance(english[name], str), name
        if not isinstance(words, str):
            assert {"one", "other"} <= set(words) <= rules.tags | {"other"}, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_white_space_at_its_ends(language: str) -> None:
    for name, words in shipped(language).items():
        assert all(form and form == form.strip() for form in _forms(words).values()), name


def test_no_notice_has_a_placeholder() -> None:
    assert not [notice for notice in Notice if placeholders(shipped("en")[notice.value])]
