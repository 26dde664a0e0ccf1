"""What the `Agent` port promises, checked on the TalkifAI client against the stand-in, over real HTTP."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from adapters.talkifai.client import TalkifaiAgent
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.errors import (
    AgentRateLimited,
    AgentUnavailable,
    AgentUnreachable,
    BridgeError,
    ConversationLost,
    Misconfigured,
    StreamBroken,
)
from bridge.domain.sessions import Conversation, HistoryMessage
from bridge.domain.stream_events import (
    HandedOff,
    StreamEnded,
    StreamEvent,
    StreamFailed,
    StreamStarted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from bridge.ports.agent import Agent
from sandbox.faults import Fault
from sandbox.talkifai.agents import QUIET_AGENT_ID, SANDBOX_API_KEY, TEXT_AGENT_ID, VOICE_AGENT_ID
from sandbox.talkifai.player import whole_body
from sandbox.talkifai.script import Answer, End, Fail, Handoff, KeepAlive, Pause, Raw, Say, Tool
from sandbox.talkifai.server import TalkifaiStandIn
from sandbox.talkifai.when_unread import WhenUnread

GREETING = HistoryMessage("assistant", "Hello! How can I help you today?")
USAGE = {"prompt_tokens": 20, "completion_tokens": 30}
ENDLESS = Answer((Say("word " * 400_000, chunk=5, pause_s=0.005),))


@pytest.fixture
async def standin() -> AsyncIterator[TalkifaiStandIn]:
    async with TalkifaiStandIn() as running:
        yield running


@pytest.fixture
async def agent(standin: TalkifaiStandIn) -> AsyncIterator[Agent]:
    async with new_agent(standin) as built:
        yield built


@pytest.fixture
async def conversation(agent: Agent) -> Conversation:
    return (await agent.open("ann@example.com", {})).conversation


def new_agent(
    standin: TalkifaiStandIn, limits: TalkifaiLimits | None = None, agent_id: str = TEXT_AGENT_ID
) -> TalkifaiAgent:
    return TalkifaiAgent(base_url=standin.base_url, agent_id=agent_id, api_key=SANDBOX_API_KEY, limits=limits)


async def ask(agent: Agent, conversation: Conversation, text: str = "hello") -> list[StreamEvent]:
    async with agent.ask(conversation, text) as events:
        return [event async for event in events]


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def with_texts_joined(events: list[StreamEvent]) -> list[StreamEvent]:
    """Texts that follow each other come as one event or as several: that is a matter of time."""
    joined: list[StreamEvent] = []
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            joined[-1] = TextDelta(last.text + event.text)
        else:
            joined.append(event)
    return joined


async def broken(agent: Agent, conversation: Conversation) -> tuple[list[StreamEvent], StreamBroken]:
    """Ask, and return the events up to the break, which must come."""
    seen: list[StreamEvent] = []
    try:
        async with agent.ask(conversation, "hello") as events:
            async for event in events:
                seen.append(event)  # noqa: PERF401 - the events before the break are wanted
    except StreamBroken as error:
        return seen, error
    pytest.fail(f"the stream came to an end: {seen}")


# -- open


async def test_opening_tells_the_agent_and_its_greeting_and_passes_who_and_where(standin: TalkifaiStandIn) -> None:
    async with new_agent(standin) as agent:
        opened = await agent.open("ann@example.com", {"channel": "C1", "permalink": "https://x.example/1"})
    record = standin.book.records[0]
    assert opened.conversation.id == record.id
    assert (opened.agent_name, opened.greeting, opened.model) == ("Support Agent", GREETING.content, "gpt-4o-mini")
    assert (record.agent_id, record.user_identifier) == (TEXT_AGENT_ID, "ann@example.com")
    assert record.metadata == {"channel": "C1", "permalink": "https://x.example/1"}


async def test_another_agent_than_that_of_the_settings_can_be_named(standin: TalkifaiStandIn, agent: Agent) -> None:
    """B8: and one that cannot be used is named in the cause."""
    opened = await agent.open("ada@example.com", {}, QUIET_AGENT_ID)
    assert standin.book.conversations[opened.conversation.id].agent_id == QUIET_AGENT_ID
    for wrong in (VOICE_AGENT_ID, "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(Misconfigured, match=wrong):
            await agent.open("ada@example.com", {}, wrong)


async def test_an_agent_that_waits_for_the_person_has_no_greeting(standin: TalkifaiStandIn) -> None:
    async with new_agent(standin, agent_id=QUIET_AGENT_ID) as agent:
        opened = await agent.open("", {})
        assert opened.greeting == ""
        assert await agent.history(opened.conversation) == []


async def test_a_long_wait_is_the_callers_to_plan(standin: TalkifaiStandIn, agent: Agent) -> None:
    """B9: 429 from TalkifAI carries its wait out of the client."""
    standin.faults.arm(Fault("open", status=429, retry_after_s=40))
    with pytest.raises(AgentRateLimited) as raised:
        await agent.open("", {})
    assert raised.value.retry_after_s == 40
    assert standin.book.opened == 0


# -- ask


async def test_every_kind_of_event_arrives_in_order(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    standin.respond_with(
        Answer.of(
            Say("Hel", chunk=3),
            Tool("web_search"),
            Handoff("Billing", "Support"),
            Handoff("Sales", short=True),
            KeepAlive(2),
            Say("lo 👩‍🚀", chunk=2),
            End({"total": 5, "details": {"cached": 1}}, end_session=True),
        )
    )
    assert with_texts_joined(await ask(agent, conversation)) == [
        StreamStarted("Support Agent"),
        TextDelta("Hel"),
        ToolStarted("web_search"),
        ToolFinished("web_search"),
        HandedOff("Billing", "Support"),
        HandedOff("Sales"),
        TextDelta("lo 👩‍🚀"),
        StreamEnded({"total": 5}, end_session=True),
    ]


async def test_a_failure_of_the_agent_ends_the_iterator(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """S4: an `error` event after partial text."""
    standin.respond_with(Answer.of(Say("Well", chunk=9), Fail("overloaded")))
    assert await ask(agent, conversation) == [
        StreamStarted("Support Agent"),
        TextDelta("Well"),
        StreamFailed("overloaded"),
    ]


async def test_a_failure_that_repeats_the_token_does_not_show_it(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """A3: what the agent says of a failure goes to the log."""
    standin.respond_with(Answer.of(Fail(f"token {conversation.token} is odd")))
    assert (await ask(agent, conversation))[-1] == StreamFailed("token … is odd")


async def test_unknown_events_and_odd_json_do_not_stop_an_answer(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """S4: ignored and counted."""
    odd = b"id: 7\nevent: ping\ndata: {}\n\n: hi\n\nevent: chunk\ndata: {oops\n\nevent: chunk\ndata: 7\n\n"
    standin.respond_with(Answer.of(Raw(odd), "fine"))
    assert text_of(await ask(agent, conversation)) == "fine"


async def test_two_questions_to_one_conversation_are_answered_one_after_the_other(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    standin.respond_with(lambda question: Answer.of(Say(f"{question}!", chunk=1)))
    answers = await asyncio.gather(*(ask(agent, conversation, f"q{number}") for number in range(5)))
    assert sorted(map(text_of, answers)) == [f"q{number}!" for number in range(5)]
    messages = await agent.history(conversation, 1)
    assert [message.role for message in messages] == ["user", "assistant"] * 5
    assert all(f"{q.content}!" == a.content for q, a in zip(messages[::2], messages[1::2], strict=True))


async def test_many_answers_at_once_do_not_wait_for_connections(agent: Agent) -> None:
    conversations = [(await agent.open("", {})).conversation for _ in range(150)]
    started = asyncio.Event()
    waiting = 0

    async def hold(conversation: Conversation) -> None:
        nonlocal waiting
        async with agent.ask(conversation, "hello") as events:
            assert await anext(aiter(events)) == StreamStarted("Support Agent")
            waiting += 1
            if waiting == len(conversations):
                started.set()
            await started.wait()
            assert [event async for event in events][-1] == StreamEnded(USAGE)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for conversation in conversations:
            group.create_task(hold(conversation))
    assert waiting == 150


async def test_leaving_early_closes_the_connection_at_once(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """S17: the reader stops; an agent that notices stops too, and the next question works."""
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    standin.pace = 1.0
    standin.respond_with(ENDLESS)
    async with agent.ask(conversation, "hello") as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    await standin.book.until(lambda: not standin.book.records[0].is_answering, 5)
    standin.respond_with(Answer.of("short"))
    assert text_of(await ask(agent, conversation)) == "short"


async def test_an_error_of_the_reader_passes_through_and_closes(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    standin.pace = 1.0
    standin.respond_with(ENDLESS)
    with pytest.raises(LookupError):
        async with agent.ask(conversation, "hello"):
            raise LookupError
    await standin.book.until(lambda: not standin.book.records[0].is_answering, 5)


async def test_a_cancelled_reader_closes_the_connection(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    standin.pace = 1.0
    standin.respond_with(ENDLESS)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await ask(agent, conversation)
    await standin.book.until(lambda: not standin.book.records[0].is_answering, 5)


# -- broken streams


async def test_a_stream_cut_at_any_byte_is_broken_and_never_ended(standin: TalkifaiStandIn, agent: Agent) -> None:
    """S1: over real sockets, at every offset."""
    answer = Answer.of(Say("Grüß 👋", chunk=4), End({"n": 1}))
    standin.respond_with(answer)
    body = whole_body(answer, "Support Agent")
    *begun, text, _ = with_texts_joined(await ask(agent, (await agent.open("", {})).conversation))
    for at in range(len(body)):
        opened = (await agent.open("", {})).conversation
        standin.faults.arm(Fault("ask", cut_at_byte=at))
        seen, _ = await broken(agent, opened)
        assert text_of([text]).startswith(text_of(seen))
        assert [event for event in seen if not isinstance(event, TextDelta)] == begun[: len(seen)]


def _timeless(messages: Sequence[HistoryMessage]) -> list[HistoryMessage]:
    return [replace(one, at=0.0) for one in messages]


async def test_after_a_cut_the_whole_answer_is_in_the_history(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """S1: the complete answer is taken from there."""
    standin.respond_with(Answer.of("the whole answer"))
    standin.faults.arm(Fault("ask", cut_at_byte=150))
    await broken(agent, conversation)
    await standin.book.until(lambda: len(standin.book.records[0].messages) == 3)
    kept = await agent.history(conversation)
    assert _timeless(kept) == [
        GREETING,
        HistoryMessage("user", "hello"),
        HistoryMessage("assistant", "the whole answer"),
    ]
    assert [one.at for one in kept] == sorted(one.at for one in kept)
    assert kept[0].at == pytest.approx(time.time(), abs=60.0)


async def test_a_body_that_just_stops_is_broken(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """S1: HTTP says it is whole, the events do not."""
    standin.respond_with(Answer((Say("half of it"),)))
    seen, _ = await broken(agent, conversation)
    assert text_of(seen) == "half of it"


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        (Fault("ask", lose_answer=True), 1),
        (Fault("ask", refuse=True), 0),
        (Fault("ask", status=500), 0),
        (Fault("ask", status=503), 0),
    ],
)
async def test_a_question_whose_fate_is_unknown_is_a_broken_stream(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation, fault: Fault, posted: int
) -> None:
    standin.faults.arm(fault)
    with pytest.raises(StreamBroken):
        await ask(agent, conversation)
    assert len(standin.book.records[0].posted) == posted


async def test_a_refused_connection_means_that_nothing_arrived() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with TalkifaiAgent(base_url=base_url, agent_id=TEXT_AGENT_ID, api_key=SANDBOX_API_KEY) as agent:
            conversation = Conversation("c", "t")
            calls: list[Callable[[], Awaitable[object]]] = [
                lambda: agent.open("", {}),
                lambda: ask(agent, conversation),
                lambda: agent.history(conversation),
                lambda: agent.end(conversation),
            ]
            for call in calls:
                with pytest.raises(AgentUnreachable, match="cannot be reached"):
                    await call()


# -- time limits


async def test_a_slow_agent_is_not_hurt(standin: TalkifaiStandIn, agent: Agent) -> None:
    """S3: thought is no silence, before the first event and between two; no other limit cuts it short."""
    standin.faults.arm(Fault("ask", delay_s=0.3))
    standin.pace = 1.0
    standin.respond_with(Answer.of(Pause(0.3), Say("thought", chunk=99), Pause(0.3), Say(" about it", chunk=99)))
    conversation = (await agent.open("", {})).conversation
    async with new_agent(standin, TalkifaiLimits(history_s=0.1, drain_s=0.1)) as impatient:
        assert text_of(await ask(impatient, conversation)) == "thought about it"


async def test_a_slow_reader_is_not_taken_for_a_silent_agent(standin: TalkifaiStandIn) -> None:
    standin.respond_with(Answer.of(Say("one two three", chunk=4)))
    async with new_agent(standin, TalkifaiLimits(progress_s=0.2)) as agent:
        conversation = (await agent.open("", {})).conversation
        seen: list[StreamEvent] = []
        async with agent.ask(conversation, "hello") as events:
            async for event in events:
                seen.append(event)
                await asyncio.sleep(0.1)
        assert text_of(seen) == "one two three"


async def test_keep_alives_and_unknown_events_are_no_progress(standin: TalkifaiStandIn) -> None:
    """S3: only keep-alive comments: recovery after the progress limit."""
    standin.pace = 1.0
    ping = Raw(b"event: ping\ndata: {}\n\n")
    standin.respond_with(Answer((Say("Hel"), *(step for _ in range(500) for step in (KeepAlive(1, 0.02), ping)))))
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    async with new_agent(standin, TalkifaiLimits(progress_s=0.3)) as agent:
        conversation = (await agent.open("", {})).conversation
        async with asyncio.timeout(5):
            seen, error = await broken(agent, conversation)
    assert text_of(seen) == "Hel"
    assert "silent" in str(error)


@pytest.mark.parametrize("held", ["head", "body"])
async def test_an_agent_that_never_begins_is_a_broken_stream(standin: TalkifaiStandIn, held: str) -> None:
    """S3: a half-open connection, before and after the answer's head."""
    if held == "head":
        standin.faults.arm(Fault("ask", delay_s=60))
    async with new_agent(standin, TalkifaiLimits(first_event_s=0.3, progress_s=0.3)) as agent:
        conversation = (await agent.open("", {})).conversation
        standin.pace = 1.0
        standin.respond_with(Answer((Pause(60),)))
        async with asyncio.timeout(5):
            seen, _ = await broken(agent, conversation)
    assert seen in ([], [StreamStarted("Support Agent")])


async def test_an_endless_answer_is_broken_off_at_the_time_limit(standin: TalkifaiStandIn) -> None:
    """S5: however lively it is."""
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    async with new_agent(standin, TalkifaiLimits(stream_s=0.5)) as agent:
        conversation = (await agent.open("", {})).conversation
        standin.pace = 1.0
        standin.respond_with(ENDLESS)
        seen, error = await broken(agent, conversation)
    assert "too long" in str(error)
    assert text_of(seen).startswith("word word")


async def test_an_endless_answer_is_broken_off_at_the_length_limit(standin: TalkifaiStandIn) -> None:
    """S5: with the text up to there."""
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    standin.respond_with(ENDLESS)
    async with new_agent(standin, TalkifaiLimits(answer_characters=100)) as agent:
        conversation = (await agent.open("", {})).conversation
        seen, _ = await broken(agent, conversation)
    assert text_of(seen) == "word " * 20


async def test_an_endless_line_is_broken_off(standin: TalkifaiStandIn) -> None:
    """S5: a line of any length costs a bounded amount of memory."""
    standin.when_unread = WhenUnread.KEEP_THE_QUESTION
    standin.respond_with(Answer(tuple(Raw(b"x" * 100_000) for _ in range(1000))))
    async with new_agent(standin) as agent:
        conversation = (await agent.open("", {})).conversation
        _, error = await broken(agent, conversation)
    assert "no event within" in str(error)


async def test_a_call_without_an_answer_ends_at_its_time_limit(standin: TalkifaiStandIn) -> None:
    standin.faults.arm(Fault("*", times=-1, delay_s=60))
    async with new_agent(standin, TalkifaiLimits(open_s=0.2, history_s=0.2, end_s=0.2)) as agent:
        conversation = Conversation("c", "t")
        async with asyncio.timeout(5):
            with pytest.raises(AgentUnavailable):
                await agent.open("", {})
            with pytest.raises(AgentUnavailable):
                await agent.history(conversation)
            with pytest.raises(AgentUnavailable):
                await agent.end(conversation)


# -- history


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
async def test_the_history_comes_whole_over_as_many_pages_as_it_takes(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation, count: int
) -> None:
    record = standin.book.records[0]
    record.messages *= count
    assert _timeless(await agent.history(conversation)) == [GREETING] * count
    assert _timeless(await agent.history(conversation, 98)) == [GREETING] * max(0, count - 98)


@pytest.mark.parametrize(
    "limits", [TalkifaiLimits(history_messages=200), TalkifaiLimits(history_page=10, history_bytes=5_000)]
)
async def test_a_history_without_end_is_an_error(standin: TalkifaiStandIn, limits: TalkifaiLimits) -> None:
    """A30: bounded in messages, and in bytes of all pages together."""
    async with new_agent(standin, limits) as agent:
        conversation = (await agent.open("", {})).conversation
        standin.book.records[0].messages *= 500
        with pytest.raises(AgentUnavailable, match=f"over {limits.history_messages} messages"):
            await agent.history(conversation)


async def test_a_page_of_history_over_its_bound_is_an_error(standin: TalkifaiStandIn) -> None:
    """A30: one page, or many that are small."""
    async with new_agent(standin, TalkifaiLimits(history_bytes=1000)) as agent:
        conversation = (await agent.open("", {})).conversation
        standin.book.records[0].messages *= 50
        with pytest.raises(AgentUnavailable, match="over 1000 bytes"):
            await agent.history(conversation)


# -- end, and conversations that are gone


async def test_ending_twice_closes_once(standin: TalkifaiStandIn, agent: Agent, conversation: Conversation) -> None:
    await agent.end(conversation)
    await agent.end(conversation)
    record = standin.book.records[0]
    assert (standin.book.ended, standin.book.open_now, record.end_calls) == (1, 0, 2)
    assert standin.book.end_requests == {record.id: 2}


async def test_an_end_whose_answer_is_lost_can_be_repeated(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation
) -> None:
    """B3: repeated until closed."""
    standin.faults.arm(Fault("end", lose_answer=True))
    standin.faults.arm(Fault("end", refuse=True))
    for _ in range(2):
        with pytest.raises(AgentUnavailable):
            await agent.end(conversation)
    await agent.end(conversation)
    assert standin.book.open_now == 0


@pytest.mark.parametrize("gone", ["ended", "expired", "revoked", "mismatched"])
async def test_a_conversation_that_is_gone_is_lost_for_every_call_but_the_end(
    standin: TalkifaiStandIn, agent: Agent, conversation: Conversation, gone: str
) -> None:
    """B7: 404, 401 and 403 in mid-thread."""
    match gone:
        case "ended":
            await agent.end(conversation)
        case "expired":
            standin.expire(conversation.id)
        case "revoked":
            standin.revoke_token(conversation.id)
        case _:
            conversation = Conversation((await agent.open("", {})).conversation.id, conversation.token)
    with pytest.raises(ConversationLost):
        await ask(agent, conversation)
    with pytest.raises(ConversationLost):
        await agent.history(conversation)
    if gone in ("ended", "expired"):
        await agent.end(conversation)
    elif gone == "revoked":
        with pytest.raises(ConversationLost):
            await agent.end(conversation)
    assert all(record.posted == [] for record in standin.book.records)


async def test_no_error_shows_a_secret(standin: TalkifaiStandIn, agent: Agent, conversation: Conversation) -> None:
    """A3: neither in its own text nor in what it was raised from."""
    errors: list[BaseException] = []
    for fault in (
        Fault("*", status=401, error=f"{conversation.token} {SANDBOX_API_KEY}"),
        Fault("*", status=500, error="down"),
        Fault("*", refuse=True),
        Fault("*", lose_answer=True),
        Fault("*", status=409, error=f"{conversation.token}"),
    ):
        for call in (lambda: agent.open("", {}), lambda: ask(agent, conversation), lambda: agent.history(conversation)):
            standin.faults.arm(fault)
            fault.times = 1
            try:
                await call()
            except BridgeError as error:
                errors.append(error)
    assert len(errors) >= 12
    for shown in errors:
        assert shown.__cause__ is None
        for secret in (conversation.token, SANDBOX_API_KEY):
            assert secret not in f"{shown!r} {shown}"
