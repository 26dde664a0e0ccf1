"""What must be true of one reply and of one conversation, once everything is at rest."""

from collections.abc import Collection, Mapping

from bridge.domain.notices import Notice
from bridge.domain.turns import Outcome
from tests.english import says
from tests.property.bridge_agent import OPEN_S, Answer, Talk
from tests.property.bridge_channel import ChannelBook, Message, words_of


def reply_verdict(book: ChannelBook, name: str, outcome: str, answer: Answer | None) -> str:
    """Return what is wrong with what people see of a question; nothing where all is well.

    Passed over: what people deleted themselves, what was taken back, what the answer to new words replaced, where two
    workers wrote, and a page whose post was lost where the bridge could not know.
    """
    pages = _pages(book, name)
    if outcome == Outcome.UNDELIVERABLE:
        return "" if name in book.met_gone else "was given up, though its place was there"
    if name in book.taken_back | book.two_at_work | book.replaced or book.was_deleted(name) or book.was_lost(name):
        return ""
    # A page that was refused is judged by its notice.
    if name in book.refused and any(says(message.view, Notice.FAILED) for message in pages.values()):
        return ""
    if outcome in {Outcome.DEAD, Outcome.COMMAND_DONE}:
        return "" if pages or outcome == Outcome.DEAD else "shows nothing"
    if outcome == Outcome.REFUSED and answer:
        return f"was refused, but asked: {answer.text}"
    return _text_verdict(pages, "".join(answer.text.split()) if answer else "")


def _pages(book: ChannelBook, name: str) -> dict[int, Message]:
    """Return the newest message that shows each page."""
    messages = [m for m in book.messages.values() if m.view.turn_id == name and not (m.is_aside or m.is_deleted)]
    return {message.view.number: message for message in messages}


def _text_verdict(pages: Mapping[int, Message], text: str) -> str:
    if not pages:
        return "shows nothing"
    # Nothing more is done about a post whose answer was lost, where it may show all the text there is.
    uncertain = any(message.answer_lost for message in pages.values())
    if any(not message.view.final for message in pages.values()) and not uncertain:
        return f"is left open: {pages}"
    shown = "".join(words_of(pages[number].view) for number in sorted(pages))
    notice = pages[max(pages)].view.notice
    # A command that was taken up again after its answer was recorded settles as an answer: with the greeting.
    if not text.startswith(shown) and "Welcome" not in shown:
        return f"shows {shown!r} instead of {text!r}"
    if shown != text and not (notice or uncertain) and "Welcome" not in shown:
        return f"does not say why it shows only {shown!r} of {text!r}"
    return ""


def left_open(talk: Talk, bound: Collection[str], trouble_at: float) -> list[str]:
    """Return what is wrong where a conversation is still open: it must have been lost before its record.

    Redis and the agent's `/end` may both have failed right after the opening: then no worker could record or close it,
    before the worker, which goes on trying, died.
    A worker that stood still in the middle of opening may find, once awake, that the time for it is up.
    """
    crashed = talk.opener.is_dead and talk.opener.died_at >= talk.opened_at
    both_failed = talk.end_failed and trouble_at >= talk.opened_at and talk.opener.died_at >= talk.opened_at
    stood_still = talk.opener.stopped_between(talk.opened_at, talk.opened_at + OPEN_S)
    if talk.id in bound or not (talk.answer_lost or crashed or both_failed or stood_still):
        return [f"left open: {talk}"]
    return []
