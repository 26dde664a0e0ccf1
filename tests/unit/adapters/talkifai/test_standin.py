"""The stand-in is strict where TalkifAI is, and answers as its script says."""

import re
from collections.abc import Mapping

import pytest

from adapters.talkifai.client import TalkifaiAgent
from bridge.domain.errors import AgentRateLimited, ConversationLost, Misconfigured
from bridge.domain.sessions import Conversation
from bridge.domain.stream_events import HandedOff, StreamEnded, StreamEvent, StreamFailed, TextDelta, ToolStarted
from sandbox.faults import Fault, Gate
from sandbox.talkifai.agents import QUIET_AGENT_ID, SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.conversations import EXPIRES_AFTER_S
from sandbox.talkifai.long_answer import long_answer
from sandbox.talkifai.script import Answer, Handoff, Hold, Say, Tool, answer_by_words
from sandbox.talkifai.server import TalkifaiStandIn
from sandbox.talkifai.tokens import TOKEN_LIFE_S, sign, verify
from sandbox.talkifai.when_unread import WhenUnread


class Watch:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time


async def ask(agent: TalkifaiAgent, conversation: Conversation, text: str) -> list[StreamEvent]:
    async with agent.ask(conversation, text) as events:
        return [event async for event in events]


async def test_an_idle_session_expires_by_itself_and_is_not_counted_as_ended() -> None:
    watch = Watch()
    async with (
        TalkifaiStandIn(now=watch.now) as standin,
        TalkifaiAgent(base_url=standin.base_url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY) as agent,
    ):
        conversation = (await agent.open("Ann.Lee@example.com", {})).conversation
        assert re.fullmatch(r"chat_[0-9a-f]{8}_annlee_1800000000000", conversation.id)
        watch.time += EXPIRES_AFTER_S - 1
        await ask(agent, conversation, "hello")
        watch.time += EXPIRES_AFTER_S - 1
        assert standin.book.open_now == 1
        watch.time += 1
        assert (standin.book.opened, standin.book.ended, standin.book.open_now) == (1, 0, 0)
        with pytest.raises(ConversationLost, match="404"):
            await agent.history(conversation)


async def test_a_token_is_good_for_a_day() -> None:
    watch = Watch()
    async with (
        TalkifaiStandIn(now=watch.now) as standin,
        TalkifaiAgent(base_url=standin.base_url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY) as agent,
    ):
        conversation = (await agent.open("", {})).conversation
        watch.time += TOKEN_LIFE_S
        with pytest.raises(ConversationLost, match="invalid_token"):
            await agent.history(conversation)


def test_a_token_that_was_touched_is_refused() -> None:
    token = sign({"sub": "c", "exp": 10}, b"secret")
    assert verify(token, b"secret", 9) == {"sub": "c", "exp": 10}
    assert verify(token, b"secret", 10) is None
    assert verify(token, b"other", 9) is None
    assert verify(token[:-2], b"secret", 9) is None
    for odd in ("", ".", "..", "a.b.c", "ä.ö.ü"):
        assert verify(odd, b"secret", 9) is None


async def test_the_organisation_is_limited_a_minute() -> None:
    watch = Watch()
    async with (
        TalkifaiStandIn(now=watch.now) as standin,
        TalkifaiAgent(base_url=standin.base_url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY) as agent,
    ):
        standin.budget.a_minute = 2
        conversation = (await agent.open("", {})).conversation
        watch.time += 20
        await agent.history(conversation)
        with pytest.raises(AgentRateLimited) as raised:
            await agent.history(conversation)
        assert raised.value.retry_after_s == 40
        watch.time += 40
        await agent.history(conversation)


@pytest.mark.parametrize("query", [{"limit": 101}, {"limit": 0}, {"limit": -1}, {"offset": -1}])
async def test_a_history_out_of_range_is_refused(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation, query: Mapping[str, int]
) -> None:
    limits = {"limit": 100, **query}
    agent._limits = type(agent._limits)(history_page=limits["limit"])
    with pytest.raises(Misconfigured, match="422"):
        await agent.history(conversation, query.get("offset", 0))
    assert standin.faults.hit == []


async def test_a_fault_hits_the_conversation_and_the_message_it_names(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation
) -> None:
    standin.faults.arm(Fault("ask", where={"conversation": conversation.id, "message": "second"}, status=404))
    other = (await agent.open("", {})).conversation
    await ask(agent, other, "second")
    await ask(agent, conversation, "first")
    with pytest.raises(ConversationLost):
        await ask(agent, conversation, "second")


async def test_the_script_is_steered_by_words(agent: TalkifaiAgent, conversation: Conversation) -> None:
    async def answer(text: str) -> list[StreamEvent]:
        return await ask(agent, conversation, text)

    def said(events: list[StreamEvent]) -> str:
        return "".join(event.text for event in events if isinstance(event, TextDelta))

    assert "How are you?" in said(await answer("How are you?"))
    assert ToolStarted("web_search") in await answer("use a tool")
    assert HandedOff("Billing Agent", "Support Agent") in await answer("Hand me over, please")
    assert isinstance((await answer("Goodbye!"))[-1], StreamEnded)
    assert (await answer("goodbye"))[-1] == StreamEnded({"prompt_tokens": 20, "completion_tokens": 30}, True)  # noqa: FBT003 - the event's second field
    assert isinstance((await answer("an error"))[-1], StreamFailed)
    assert "| --- |" in said(await answer("a table"))
    assert "```python" in said(await answer("some code"))
    assert "## " in said(await answer("markdown"))
    assert said(await answer("empty")) == ""
    assert said(await answer("slow")) != ""
    assert len(said(await answer("something long"))) == 20_000
    assert len(said(await answer("long 321"))) == 321


@pytest.mark.parametrize("characters", [0, 1, 2, 50, 999, 20_000, 123_456])
def test_a_long_answer_has_exactly_its_length_and_whole_blocks(characters: int) -> None:
    text = long_answer(characters)
    assert len(text) == characters
    assert text == text.strip()
    assert text.count("```") % 2 == 0
    if characters >= 999:
        assert all(mark in text for mark in ("## ", "- ", "```python", "| --- |", "👩‍🚀"))


def test_an_answer_that_is_too_long_to_ask_for_is_capped() -> None:
    assert len(answer_by_words("long 999999999").text) == 500_000


async def test_the_book_survives_a_restart(standin: TalkifaiStandIn) -> None:
    async with TalkifaiAgent(base_url=standin.base_url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY) as agent:
        conversation = (await agent.open("", {})).conversation
        base_url = standin.base_url
        await standin.stop()
        await standin.start()
        assert standin.base_url == base_url
        await agent.end(conversation)
    assert (standin.book.opened, standin.book.ended, standin.book.open_now) == (1, 1, 0)


@pytest.mark.parametrize(
    ("when_unread", "messages"),
    [(WhenUnread.WRITE_ON, 2), (WhenUnread.KEEP_THE_PART, 2), (WhenUnread.KEEP_THE_QUESTION, 1)],
)
async def test_an_answer_whose_reader_hangs_up_is_written_on_or_kept_in_part_or_not_at_all(
    when_unread: WhenUnread, messages: int
) -> None:
    """R12: TalkifAI's documentation does not say which."""
    gate = Gate()
    async with (
        TalkifaiStandIn() as standin,
        TalkifaiAgent(base_url=standin.base_url, agent_id=QUIET_AGENT_ID, api_key=SANDBOX_API_KEY) as agent,
    ):
        standin.when_unread = when_unread
        standin.respond_with(Answer.of(Say("one ", chunk=4), Hold(gate), Say("more " * 200, chunk=4)))
        conversation = (await agent.open("", {})).conversation
        async with agent.ask(conversation, "hello") as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        record = standin.book.records[0]
        await gate.reached()
        gate.open()
        await standin.book.until(lambda: not record.is_answering)
        whole = "one " + "more " * 200
        assert len(record.messages) == messages
        if when_unread is WhenUnread.WRITE_ON:
            assert record.messages[1].content == whole
        for answer in record.messages[1:]:
            assert whole.startswith(answer.content)
            assert (answer.content == whole) == (when_unread is WhenUnread.WRITE_ON)


async def test_an_answer_may_be_kept_as_several_messages() -> None:
    """R9: where tools or other agents were at work."""
    async with (
        TalkifaiStandIn() as standin,
        TalkifaiAgent(base_url=standin.base_url, agent_id=QUIET_AGENT_ID, api_key=SANDBOX_API_KEY) as agent,
    ):
        standin.keeps_parts = True
        standin.respond_with(Answer.of("One moment. ", Tool("search", 0.0), "Here. ", Handoff("Billing"), "Hello."))
        conversation = (await agent.open("", {})).conversation
        await ask(agent, conversation, "hello")
        kept = [message.content for message in await agent.history(conversation)]
        assert kept == ["hello", "One moment. ", "Here. ", "Hello."]
