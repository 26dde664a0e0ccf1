"""The lines below a full page fit into its message, in every language."""

import pytest

from adapters.telegram import limits
from adapters.telegram.format.entities import utf16_length
from adapters.telegram.format.markdown import render_page
from bridge.domain.files import Attachment
from bridge.domain.notices import Notice, Phrase, Status
from bridge.domain.pages import PageView
from bridge.domain.prompts import attached_words
from bridge.domain.prompts.attached_words import readable_file
from bridge.texts.catalog import LANGUAGES, texts_in
from bridge.texts.sentences import continues_from, files_notice, notice_of, tools_used

_DAY_S = 86_400.0
_MANY = [Attachment(f"{number} {'quarterly-report ' * 20}.pdf") for number in range(200)]
_LAST = (Notice.INTERRUPTED, Notice.FAILED, Notice.SHORTENED, Notice.STOPPED, Notice.UNAVAILABLE, Notice.EMPTY)


def test_lines_that_do_not_fit_below_a_full_page_are_cut_and_its_text_stays() -> None:
    """Several texts of the operator can be long together. Telegram would refuse the message, with the answer in it."""
    text = "a" * (limits.MESSAGE_LIMIT - limits.TAIL_RESERVE)
    page = render_page(PageView(text, notice="🙂 " * 300, final=True))
    assert page.text.startswith(f"{text}\n\n🙂 🙂")
    assert page.text.endswith("🙂…")
    assert limits.MESSAGE_LIMIT - 3 <= utf16_length(page.text) <= limits.MESSAGE_LIMIT


@pytest.mark.parametrize("zone", ["", "America/Argentina/ComodRivadavia"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_can_stand_below_a_full_page_fits(language: str, zone: str) -> None:
    texts = texts_in(language, zone)
    cut = "\n".join(attached_words._BEGINNING.format(readable_file(file.name)) for file in _MANY[:100])
    files = max((files_notice(texts, _MANY[:count], cut) for count in (1, 3, 200)), key=len)
    last = max([files, *(notice_of(texts, notice, "a turn") for notice in _LAST)], key=len)
    tools = tools_used(texts, [f"a_tool_with_a_long_name_{number}" * 2 for number in range(9)])
    carried = continues_from(texts, 0.0, 30 * _DAY_S)
    in_file = max((texts(phrase, file="answer.md") for phrase in (Phrase.REST_IN_FILE, Phrase.PART_IN_FILE)), key=len)
    notice = f"{in_file}\n{tools}\n{last}"
    below = f"{notice}\n\n{carried}"
    assert utf16_length(below) + 2 <= limits.TAIL_RESERVE
    assert max(utf16_length(texts(status)) for status in Status) <= 60
