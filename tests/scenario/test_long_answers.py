"""A long answer arrives whole, over several messages, in order."""

import re
from itertools import pairwise

import pytest

from adapters.slack import limits as slack_limits
from adapters.telegram import limits as telegram_limits
from sandbox.talkifai.long_answer import long_answer
from sandbox.talkifai.script import Answer, Say
from sandbox.telegram.entities import utf16_length
from sandbox.telegram.flood import Limits
from tests.scenario.messengers import Messenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

_FENCE_LINE = re.compile(r"^```\w*\n?", re.MULTILINE)
_NOT_WORDS = re.compile(r"[\s#*`|:+•│─┼-]+")
_MOST = {
    "slack": slack_limits.PAGE_CHARS,
    "telegram": telegram_limits.MESSAGE_LIMIT,
}


def _words(markdown: str) -> str:
    """Return every letter, digit and emoji in order, without what Markdown and its rendering add between them."""
    return _NOT_WORDS.sub("", _FENCE_LINE.sub("", markdown))


async def test_20000_characters_arrive_whole_over_several_messages(messenger: Messenger) -> None:
    """S12: pages in order, nothing lost or doubled."""
    answer = long_answer(20_000)
    messenger.scene.answers["everything"] = Answer.of(Say(answer, chunk=100, pause_s=0.015))
    messenger.stage.telegram.limit(Limits())

    talks = [await messenger.ask_in_group("everything"), await messenger.ask_directly("everything")]

    for talk in talks:
        await messenger.until_said(talk, answer[-40:], 45.0)
        texts = messenger.texts(talk)
        assert len(texts) >= 3
        assert _words("\n".join(texts)) == _words(answer)
        assert all(utf16_length(text) <= _MOST[messenger.name] for text in texts)
        assert [record.posted for record in messenger.records(talk)] == [["everything"]]
        for page, following in pairwise(messenger.replies(talk)):
            assert page.changed_at <= following.posted_at, "a page that was full is never touched again"
    assert messenger.stage.telegram.flood_gate.refused == {}
