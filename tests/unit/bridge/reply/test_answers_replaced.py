"""A question that is asked again with its new words is answered in the messages of its old answer."""

import pytest

from bridge.domain.errors import BridgeError, MessageGone, PageRejected
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView, Streaming
from bridge.reply.display_mode import by_edits
from bridge.reply.reply import Reply
from bridge.reply.writer import Writer
from tests.english import english
from tests.fakes import CapableChannel, FakeChannel
from tests.unit.bridge.reply.writing import LONG, chunks, write
from tests.virtual_time import run_virtually

_OLD = {f"old{number}": PageView(f"Old page {number}.", number=number, final=True) for number in (1, 2, 3)}
_SHORT = "The new answer is short."


def _channel(*failures: BridgeError | None, page_size: int = 1000) -> FakeChannel:
    return FakeChannel(page_size=page_size, standing=dict(_OLD), failures=list(failures))


def _posts(channel: FakeChannel) -> int:
    return [call.name for call in channel.calls].count("post")


def _words(channel: FakeChannel) -> dict[str, str]:
    return {message_id: view.text or view.notice for message_id, view in channel.standing.items()}


def test_a_shorter_answer_says_in_the_messages_it_does_not_need_where_it_is() -> None:
    """M6: no word of the old answer stays."""
    channel = _channel()
    recorded: list[tuple[tuple[str, ...], str]] = []
    run_virtually(write(channel, chunks(_SHORT), message_ids=list(_OLD), replaced=list(_OLD), recorded=recorded))
    above = english(Notice.ANSWER_ABOVE)
    assert _words(channel) == {"old1": _SHORT, "old2": above, "old3": above}
    assert _posts(channel) == 0
    assert {ids for ids, _ in recorded} == {tuple(_OLD)}


def test_a_longer_answer_goes_on_in_further_messages() -> None:
    """M6: page by page."""
    channel = _channel(page_size=400)
    run_virtually(write(channel, chunks(LONG), message_ids=list(_OLD), replaced=list(_OLD)))
    assert " ".join(view.text for view in channel.standing.values()).split() == LONG.split()
    assert len(channel.standing) == len(_OLD) + _posts(channel) > len(_OLD)


def test_the_old_answer_stands_until_the_new_one_has_a_first_text_worth_showing() -> None:
    """As the first post does: 30 characters, or 0.3 s."""
    channel = _channel()
    run_virtually(write(channel, chunks(LONG[:200], size=1, pause_s=0.01), message_ids=["old1"], replaced=["old1"]))
    assert len(channel.calls[0].view.text) >= 25


@pytest.mark.parametrize("error", [MessageGone("deleted"), PageRejected("cannot be edited")])
def test_an_old_answer_that_cannot_be_edited_is_answered_in_a_new_reply(error: BridgeError) -> None:
    """M6: whole and in order; what is left of the old one says where."""
    channel = _channel(error)
    run_virtually(write(channel, chunks(_SHORT), message_ids=list(_OLD), replaced=list(_OLD)))
    words = _words(channel)
    assert words.pop("m1") == _SHORT
    assert _posts(channel) == 1
    above = english(Notice.ANSWER_ABOVE)
    assert words == {"old1": "Old page 1.", "old2": above, "old3": above}


def test_messages_behind_the_answer_that_cannot_be_edited_hold_nothing_up() -> None:
    channel = _channel(None, MessageGone("deleted"), PageRejected("odd"))
    told = chunks(_SHORT, size=len(_SHORT))
    run_virtually(write(channel, told, message_ids=list(_OLD), replaced=list(_OLD)))
    assert _words(channel)["old1"] == _SHORT
    assert _posts(channel) == 0


def test_a_notice_without_an_answer_leaves_the_old_answer_as_it_is() -> None:
    """The agent is away: people keep what they have."""

    async def tell(reply: Reply, writer: Writer) -> None:
        reply.end("The agent is away.")
        writer.wake()

    channel = _channel()
    run_virtually(write(channel, tell, message_ids=list(_OLD), replaced=list(_OLD)))
    assert _words(channel) == {name: view.text for name, view in _OLD.items()} | {"m1": "The agent is away."}


def test_the_next_worker_goes_on_in_the_old_messages() -> None:
    """D6: the record has their ids."""
    channel = CapableChannel(standing=dict(_OLD))
    told = chunks(_SHORT)
    run_virtually(write(channel, told, message_ids=list(_OLD), replaced=list(_OLD), taken_up=True))
    assert _words(channel)["old1"] == _SHORT
    assert _posts(channel) == 0


def test_a_reply_that_was_taken_up_says_nothing_in_its_own_messages() -> None:
    """Only an older answer's messages are spoken of, not pages that an earlier try has shown."""
    channel = _channel()
    run_virtually(write(channel, chunks(_SHORT), message_ids=list(_OLD), taken_up=True))
    assert _words(channel)["old2"] == "Old page 2."


@pytest.mark.parametrize(
    ("own", "chosen", "shown"),
    [
        (Streaming.NATIVE, None, Streaming.EDIT),
        (Streaming.EDIT, Streaming.NATIVE, Streaming.EDIT),
        (Streaming.NATIVE, Streaming.STATUS, Streaming.STATUS),
        (Streaming.STATUS, None, None),
    ],
)
def test_messages_that_stand_there_are_edited_where_others_are_streams(
    own: Streaming, chosen: Streaming | None, shown: Streaming | None
) -> None:
    """Edits are paced as edits then, and not as a stream's appends."""
    assert by_edits(CapableChannel(streaming=own), chosen) is shown
    assert by_edits(FakeChannel(), None) is None
