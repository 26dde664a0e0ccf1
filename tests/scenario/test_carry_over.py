"""A thread goes on after its conversation was ended, in both services."""

import pytest

from sandbox.faults import Fault
from sandbox.talkifai.script import Answer
from tests.scenario.messengers import Messenger

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

BEFORE, AFTER, LAST = "The small plan has ten seats.", "It costs ten a month.", "No, nothing else."
GREETING = "Hello! How can I help you today?"


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_IDLE_TIMEOUT": "3"}


def _answer_all(messenger: Messenger) -> None:
    texts = {"which plan?": BEFORE, "what does it cost?": AFTER, "anything else?": LAST}
    messenger.scene.answers |= {question: Answer.of(text) for question, text in texts.items()}


async def test_a_thread_that_fell_idle_goes_on_with_what_people_saw_and_one_line_says_so(messenger: Messenger) -> None:
    """M1: nothing but what people saw reaches the agent, once."""
    _answer_all(messenger)
    talk = await messenger.ask_in_group("which plan?")
    await messenger.until_texts(talk, BEFORE)
    await messenger.until_ended(talk)

    await messenger.follow_up(talk, "what does it cost?")
    await messenger.until_said(
        talk, "Continues from a minute ago." if messenger.name == "telegram" else "Continues from "
    )
    assert messenger.texts(talk)[-1].startswith(AFTER)
    await messenger.follow_up(talk, "anything else?")
    await messenger.until_texts(talk, BEFORE, messenger.texts(talk)[-1], LAST)
    await messenger.until_ended(talk, 2)

    first, second = messenger.records(talk)
    assert (first.posted, second.posted) == (["which plan?"], ["what does it cost?", "anything else?"])
    assert (first.carried, second.carried) == ([""], [f"User: which plan?\nYou: {BEFORE}", ""])


async def test_a_conversation_that_talkifai_lost_is_replaced_without_a_seam(messenger: Messenger) -> None:
    """M2: its token is refused in mid-thread."""
    _answer_all(messenger)
    talk = await messenger.ask_directly("which plan?")
    await messenger.until_texts(talk, BEFORE)
    messenger.stage.talkifai.revoke_token(messenger.records(talk)[0].id)

    await messenger.follow_up(talk, "what does it cost?")
    await messenger.until_texts(talk, BEFORE, AFTER)
    _, second = messenger.records(talk)
    assert (second.posted, second.carried) == (["what does it cost?"], [f"User: which plan?\nYou: {BEFORE}"])


async def test_new_begins_without_what_was_said(messenger: Messenger) -> None:
    """M3: nothing of the old conversation reaches the new one."""
    _answer_all(messenger)
    talk = await messenger.ask_directly("which plan?")
    await messenger.until_texts(talk, BEFORE)
    await messenger.follow_up(talk, "new" if messenger.name == "slack" else "/new")
    await messenger.until_texts(talk, BEFORE, GREETING)
    await messenger.follow_up(talk, "anything else?")
    await messenger.until_texts(talk, BEFORE, GREETING, LAST)
    assert messenger.records(talk)[-1].carried == [""]
    assert BEFORE not in "".join(message.content for message in messenger.records(talk)[-1].messages)


async def test_status_says_what_is_remembered_what_the_agent_reads_when_it_ends_and_what_it_used(
    messenger: Messenger,
) -> None:
    """M1: before the first question, within a conversation, and after its end."""
    _answer_all(messenger)
    status = "status" if messenger.name == "slack" else "/status"
    talk = await messenger.ask_directly(status)
    await messenger.until_said(talk, "There is no open conversation here.")
    assert "earlier" not in messenger.texts(talk)[-1]
    await messenger.follow_up(talk, "which plan?")
    await messenger.until_said(talk, BEFORE)
    await messenger.follow_up(talk, status)
    await messenger.until_said(talk, "A conversation is open here: 1 answer so far.")
    said = messenger.texts(talk)[-1]
    assert "It ends after about a minute without a message." in said
    assert "It has used 50 tokens." in said
    assert "earlier exchange" not in said
    await messenger.until_ended(talk)
    await messenger.follow_up(talk, status)
    await messenger.until_said(talk, "The next one goes on from 1 earlier exchange.")
    await messenger.follow_up(talk, "what does it cost?")
    await messenger.until_said(talk, AFTER)
    await messenger.follow_up(talk, status)
    await messenger.until_said(talk, "It goes on from 1 earlier exchange.")
    assert "The assistant still reads" not in messenger.texts(talk)[-1]


@pytest.mark.parametrize(("status", "code"), [(404, ""), (403, "conversation_mismatch"), (401, "invalid_token")])
async def test_whatever_talkifai_says_of_a_lost_conversation_the_person_notices_nothing(
    messenger: Messenger, status: int, code: str
) -> None:
    """M2: the question is asked in a new one, with what was said, and no line speaks of it."""
    _answer_all(messenger)
    talk = await messenger.ask_in_group("which plan?")
    await messenger.until_texts(talk, BEFORE)
    lost = messenger.records(talk)[0].id
    messenger.stage.talkifai.faults.arm(Fault("ask", where={"conversation": lost}, status=status, error=code))
    await messenger.follow_up(talk, "what does it cost?")
    await messenger.until_texts(talk, BEFORE, AFTER)
    _, second = messenger.records(talk)
    assert (second.posted, second.carried) == (["what does it cost?"], [f"User: which plan?\nYou: {BEFORE}"])
