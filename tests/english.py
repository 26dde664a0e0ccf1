"""What the bridge says in English, for tests that look for it."""

import re

from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from bridge.texts.catalog import texts_in
from bridge.texts.sentences import notice_of

english = texts_in("en")


def says(view: PageView, *notices: Notice) -> bool:
    """Say whether the page has one of these notices, with its turn's reference where that belongs to it."""
    return view.notice in {notice_of(english, notice, view.turn_id) for notice in notices}


def without_reference(text: str) -> str:
    """Return a text without the reference that the notice of a failure ends with."""
    return re.sub(r" \(ref [0-9a-f]{8}\)", "", text)
