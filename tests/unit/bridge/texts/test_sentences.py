"""Each text in each language, with numbers, and what is put together from several."""

from datetime import UTC, datetime

import pytest

from bridge.domain.notices import Label, Notice, Phrase, Status
from bridge.texts.catalog import LANGUAGES, placeholders, shipped, texts_in
from bridge.texts.own import KEYS, most_characters, problem_of
from bridge.texts.sentences import come_again, continues_from, conversation_status, duration, notice_of, writing_status
from config.bridge import LANGUAGES as SETTING
from tests.english import english


def test_the_setting_knows_the_languages_that_there_are() -> None:
    assert SETTING == LANGUAGES


@pytest.mark.parametrize("count", [0, 1, 2, 5, 1_000_000])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_rendered_in_every_language_for_every_number(language: str, count: int) -> None:
    texts = texts_in(language)
    for name, key in KEYS.items():
        words = shipped(language)[name]
        values = {place: f"<{place}>" for place in placeholders(words) - {"count"}}
        said = texts(key, **values, count=count)
        assert said
        assert not set("{}") & set(said)
        assert all(value in said for value in values.values()), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_comes_with_the_bridge_keeps_to_the_bounds_of_own_texts(language: str) -> None:
    problems = {name: problem_of(language, key, shipped(language)[name]) for name, key in KEYS.items()}
    assert {name: said for name, said in problems.items() if said} == {}


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("en", "1 answer so far", "1,234 answers so far"),
        ("de", "bisher 1 Antwort", "bisher 1.234 Antworten"),
        ("es", "1 respuesta hasta ahora", "1.234 respuestas hasta ahora"),
        ("fr", "1 réponse jusqu'ici", "1\u202f234 réponses jusqu'ici"),
        ("pt", "1 resposta até agora", "1.234 respostas até agora"),
    ],
)
def test_numbers_and_plurals_are_those_of_the_language(language: str, one: str, several: str) -> None:
    texts = texts_in(language)
    assert (texts(Phrase.ANSWERS, count=1), texts(Phrase.ANSWERS, count=1234)) == (one, several)


@pytest.mark.parametrize(
    ("code", "language"),
    [("de", "de"), ("de-AT", "de"), ("pt_BR", "pt"), ("PT-br", "pt"), ("zh-hans", "en"), ("", "en"), ("deutsch", "en")],
)
def test_a_language_is_known_by_its_code_and_another_one_is_that_of_the_setting(code: str, language: str) -> None:
    assert texts_in(code).language == language


def test_the_time_to_come_again_is_on_the_persons_own_clock_and_never_too_early() -> None:
    """A12: a notice with the time."""
    now = 1_795_813_000.0  # 20:56:40 UTC
    for language, zone, said in (
        ("de", "Europe/Berlin", "Bitte frag um 21:58 Uhr wieder."),
        ("pt-BR", "America/Sao_Paulo", "Por favor, pergunte de novo a partir deste horário: 17:58."),
        ("en", "America/New_York", "Please ask again at 3:58\u202fPM."),
        ("de", "Nowhere/Land", "Bitte frag in etwa 2 Minuten wieder."),
    ):
        words = come_again(texts_in(language, zone), Notice.USED_UP_HOUR, 61.0, now)
        assert words.endswith(said), words


def test_durations_stand_in_the_case_that_german_needs_there() -> None:
    texts = texts_in("de")
    assert continues_from(texts, 0.0, 3 * 86_400) == "Knüpft an das Gespräch von vor 3 Tagen an."
    assert duration(texts, 60) == "einer Minute"
    assert conversation_status(texts, 0, 600.0, {}, carried=1) == (
        "Hier ist ein Gespräch offen: noch keine Antworten. Es endet nach etwa 10 Minuten ohne Nachricht.\n"
        "Es knüpft an 1 frühere Frage mit Antwort an."
    )
    assert writing_status(texts, 1700) == "Schreibe… (1.500 Zeichen)"


@pytest.mark.parametrize("notice", Notice)
def test_only_a_failure_carries_the_reference_of_its_turn(notice: Notice) -> None:
    failures = {Notice.INTERRUPTED, Notice.FAILED, Notice.UNSURE, Notice.UNAVAILABLE}
    said = notice_of(english, notice, "slack:T1:C1:1.2")
    assert said == (f"{english(notice)} (ref 941ca5cd)" if notice in failures else english(notice))


@pytest.mark.parametrize(
    ("language", "key", "words", "said"),
    [
        ("de", Notice.BUSY, "Gleich.", ""),
        ("", Phrase.ANSWERS, "{count} answers", ""),
        ("de", Phrase.ANSWERS, {"other": "{count} Antworten"}, ""),
        ("de", Phrase.ANSWERS, {"one": "eine"}, 'has no plural form for all other numbers. Add other = "…".'),
        (
            "de",
            Phrase.ANSWERS,
            {"few": "x", "other": "x"},
            "has the plural form few, which there is not. Use one and other.",
        ),
        ("de", Notice.BUSY, {"other": "x"}, "counts nothing. Write one text in quotes."),
        ("de", Notice.BUSY, "in {time}", "has the placeholder {time}, which is not filled. Use none."),
        ("de", Phrase.STILL_READS, "{raed}", "has the placeholder {raed}, which is not filled. Use {count}, {read}."),
        (
            "de",
            Phrase.STILL_READS,
            "{read:d}",
            "has the placeholder {read:d}, which is not filled. Use {count}, {read}.",
        ),
        (
            "de",
            Phrase.STILL_READS,
            "{read.real}",
            "has the placeholder {read.real}, which is not filled. Use {count}, {read}.",
        ),
        ("de", Notice.BUSY, "{", "has a brace without its partner. Write {{ or }} for a brace."),
        ("de", Notice.BUSY, " ", "is empty. Write a text, or leave it out."),
        ("de", Label.STOP, "x" * 76, "is too long. Use at most 75 characters."),
        ("de", Status.WRITING, "x" * 61, "is too long. Use at most 60 characters."),
    ],
)
def test_an_own_text_is_checked(
    language: str, key: Notice | Phrase | Label | Status, words: str | dict[str, str], said: str
) -> None:
    assert problem_of(language, key, words) == said


def test_every_kind_of_text_has_a_bound() -> None:
    assert {most_characters(key) for key in KEYS.values()} == {40, 60, 75, 160, 1000}


def test_a_thread_goes_on_from_a_time_of_the_persons_own_clock_where_that_is_known() -> None:
    """M1: with the day, where it was not today; as the language writes it."""
    berlin, new_york = texts_in("de", "Europe/Berlin"), texts_in("en", "America/New_York")
    now = datetime(2026, 11, 27, 14, 0, tzinfo=UTC).timestamp()
    assert continues_from(berlin, now - 55 * 60, now) == "Knüpft an das frühere Gespräch an (14:05)."
    assert continues_from(berlin, now - 86_400, now) == "Knüpft an das frühere Gespräch an (26. Nov., 15:00)."
    assert continues_from(new_york, now - 55 * 60, now).replace("\u202f", " ") == "Continues from 8:05 AM."
    assert continues_from(texts_in("en"), now - 7200, now) == "Continues from 2 hours ago."
