"""Every row of the error table, over real HTTP."""

import pytest
from aiohttp import web

from adapters.talkifai.client import TalkifaiAgent
from bridge.domain.errors import (
    AgentKeyRefused,
    AgentNotText,
    AgentOutOfCredits,
    AgentRateLimited,
    AgentUnavailable,
    BridgeError,
    ConversationLost,
    Misconfigured,
    QuestionTooLong,
    SettingWrong,
    StreamBroken,
)
from bridge.domain.sessions import Conversation
from sandbox.faults import Fault
from sandbox.talkifai.agents import VOICE_AGENT_ID
from sandbox.talkifai.server import TalkifaiStandIn
from tests.unit.adapters.talkifai.conftest import Building, NoWaitClock, Serving


async def call(agent: TalkifaiAgent, name: str, conversation: Conversation) -> None:
    match name:
        case "open":
            await agent.open("", {})
        case "ask":
            async with agent.ask(conversation, "hello") as events:
                assert [event async for event in events]
        case "history":
            await agent.history(conversation)
        case _:
            await agent.end(conversation)


TABLE: list[tuple[str, int, str, int | None, type[BridgeError]]] = [
    ("open", 400, "not_text_agent", None, AgentNotText),
    ("open", 400, "NOT_TEXT_AGENT", None, AgentNotText),
    ("open", 400, "something_new", None, Misconfigured),
    ("open", 401, "invalid_api_key", None, AgentKeyRefused),
    ("open", 401, "invalid_token", None, AgentKeyRefused),
    ("open", 402, "insufficient_credits", None, AgentOutOfCredits),
    ("open", 403, "", None, AgentKeyRefused),
    ("open", 404, "", None, SettingWrong),
    ("open", 422, "", None, Misconfigured),
    ("open", 429, "", 60, AgentRateLimited),
    ("open", 500, "", None, AgentUnavailable),
    ("open", 503, "", None, AgentUnavailable),
    ("open", 503, "", 60, AgentRateLimited),
    ("ask", 400, "message_too_long", None, QuestionTooLong),
    ("ask", 400, "not_text_agent", None, AgentNotText),
    ("ask", 401, "invalid_api_key", None, AgentKeyRefused),
    ("ask", 401, "invalid_token", None, ConversationLost),
    ("ask", 401, "", None, ConversationLost),
    ("ask", 402, "insufficient_credits", None, AgentOutOfCredits),
    ("ask", 403, "conversation_mismatch", None, ConversationLost),
    ("ask", 403, "something_new", None, AgentUnavailable),
    ("ask", 404, "", None, ConversationLost),
    ("ask", 409, "", None, AgentUnavailable),
    ("ask", 410, "", None, ConversationLost),
    ("ask", 413, "", None, QuestionTooLong),
    ("ask", 422, "", None, Misconfigured),
    ("ask", 429, "", 7, AgentRateLimited),
    ("ask", 429, "", None, AgentRateLimited),
    ("ask", 500, "", None, StreamBroken),
    ("ask", 502, "", None, StreamBroken),
    ("ask", 503, "", None, StreamBroken),
    ("ask", 503, "", 7, AgentRateLimited),
    ("history", 401, "invalid_token", None, ConversationLost),
    ("history", 403, "conversation_mismatch", None, ConversationLost),
    ("history", 404, "", None, ConversationLost),
    ("history", 429, "", 7, AgentRateLimited),
    ("history", 500, "", None, AgentUnavailable),
    ("end", 401, "invalid_token", None, ConversationLost),
    ("end", 401, "invalid_api_key", None, ConversationLost),
    ("end", 402, "", None, AgentOutOfCredits),
    ("end", 403, "conversation_mismatch", None, AgentUnavailable),
    ("end", 429, "", 7, AgentRateLimited),
    ("end", 500, "", None, AgentUnavailable),
    ("end", 503, "", 7, AgentRateLimited),
]


@pytest.mark.parametrize(("name", "status", "code", "retry_after_s", "kind"), TABLE)
async def test_each_refusal_is_its_error(
    standin: TalkifaiStandIn,
    agent: TalkifaiAgent,
    conversation: Conversation,
    name: str,
    status: int,
    code: str,
    retry_after_s: int | None,
    kind: type[BridgeError],
) -> None:
    standin.faults.arm(Fault(name, times=-1, status=status, error=code, retry_after_s=retry_after_s))
    with pytest.raises(BridgeError) as raised:
        await call(agent, name, conversation)
    assert type(raised.value) is kind
    if isinstance(raised.value, AgentRateLimited):
        assert raised.value.retry_after_s == (retry_after_s or 5.0)
    assert conversation.token not in str(raised.value)


@pytest.mark.parametrize("name", ["ask", "history", "end"])
async def test_what_something_before_talkifai_forbids_says_nothing_of_the_conversation(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation, name: str
) -> None:
    """R13: a firewall that dislikes the words answers 403 with a page of its own."""
    standin.faults.arm(Fault(name, status=403, page="<html><h1>Request blocked</h1></html>"))
    with pytest.raises(AgentUnavailable) as raised:
        await call(agent, name, conversation)
    assert type(raised.value) is AgentUnavailable
    await call(agent, name, conversation)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_end_with_nothing_left_to_close_is_done(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation, status: int
) -> None:
    """B3: 404 counts as closed."""
    standin.faults.arm(Fault("end", status=status))
    await agent.end(conversation)
    assert standin.faults.hit


async def test_a_voice_agent_a_wrong_key_an_unknown_agent_and_no_credits_say_so_to_the_operator(
    standin: TalkifaiStandIn, build: Building
) -> None:
    """B8: the stand-in's own refusals, without a scripted fault."""
    with pytest.raises(AgentNotText):
        await build(standin.base_url, agent_id=VOICE_AGENT_ID).open("", {})
    with pytest.raises(AgentKeyRefused):
        await build(standin.base_url, key="tk_live_wrong").open("", {})
    with pytest.raises(SettingWrong, match="TALKIFAI_AGENT_ID"):
        await build(standin.base_url, agent_id="00000000-0000-4000-8000-000000000000").open("", {})
    with pytest.raises(Misconfigured, match="not a UUID"):
        await build(standin.base_url, agent_id="my-agent").open("", {})
    standin.gate.out_of_credits = True
    with pytest.raises(AgentOutOfCredits):
        await build(standin.base_url).open("", {})


@pytest.mark.parametrize("text", ["", "x" * 10_001])
async def test_a_question_over_the_limit_is_refused_before_it_is_sent(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation, text: str
) -> None:
    with pytest.raises(QuestionTooLong):
        async with agent.ask(conversation, text):
            pytest.fail("it was sent")
    assert standin.book.records[0].posted == []


async def test_a_question_of_exactly_10000_characters_is_sent(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation
) -> None:
    async with agent.ask(conversation, "😀" * 10_000) as events:
        assert [event async for event in events]
    assert standin.book.records[0].posted == ["😀" * 10_000]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"success": false, "error": "too long", "code": "message_too_long"}', QuestionTooLong),
        ('{"error": "message_too_long"}', QuestionTooLong),
        ('{"detail": "message_too_long"}', QuestionTooLong),
        ('{"detail": {"error": "too long", "code": "message_too_long"}}', QuestionTooLong),
        ('{"detail": {"code": "message_too_long"}}', QuestionTooLong),
        ('{"detail": [{"msg": "field required"}]}', Misconfigured),
        ("<html>Bad request</html>", Misconfigured),
        ("", Misconfigured),
        ("[" * 100_000, Misconfigured),
        ('{"error": "' + "x" * 3_000_000 + '"}', Misconfigured),
    ],
)
async def test_each_form_of_an_error_is_read_and_bounded(
    serving: Serving, build: Building, body: str, kind: type[BridgeError]
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=400, text=body)

    async with serving(refuse) as base_url:
        with pytest.raises(BridgeError) as raised:
            async with build(base_url).ask(Conversation("c", "t"), "hello"):
                pytest.fail("it was answered")
    assert type(raised.value) is kind
    assert len(str(raised.value)) < 400


async def test_a_token_that_the_service_repeats_is_not_in_the_error(serving: Serving, build: Building) -> None:
    """A3: neither the whole token, nor a key, nor anything that looks like one."""

    async def repeat(request: web.Request) -> web.Response:
        said = f"{request.headers['Authorization']} is wrong, so is eyJhbGciOi.eyJzdWIi.abc and tk_live_other"
        return web.json_response({"error": said}, status=409)

    async with serving(repeat) as base_url:
        with pytest.raises(AgentUnavailable) as raised:
            await build(base_url).history(Conversation("c", "canary-token"))
    for secret in ("canary", "eyJ", "tk_live"):
        assert secret not in str(raised.value)
    assert "is wrong" in str(raised.value)


async def test_an_error_whose_body_is_lost_is_known_by_its_status(serving: Serving, build: Building) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=404, headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(break_off) as base_url:
        with pytest.raises(ConversationLost):
            await build(base_url).history(Conversation("c", "t"))


@pytest.mark.parametrize(
    ("body", "kind"), [("<html>", AgentUnavailable), ('{"success": false}', AgentUnavailable), ("{}", None)]
)
async def test_an_end_counts_only_when_it_is_confirmed(
    serving: Serving, build: Building, body: str, kind: type[BridgeError] | None
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body)

    async with serving(answer) as base_url:
        if kind is None:
            await build(base_url).end(Conversation("c", "t"))
        else:
            with pytest.raises(kind):
                await build(base_url).end(Conversation("c", "t"))


@pytest.mark.parametrize("name", ["open", "ask", "history", "end"])
async def test_a_redirect_is_not_followed_with_the_secret(serving: Serving, build: Building, name: str) -> None:
    seen: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=308, headers={"Location": "/elsewhere"})

    async with serving(redirect) as base_url:
        with pytest.raises(SettingWrong, match="TALKIFAI_BASE_URL"):
            await call(build(base_url), name, Conversation("c", "t"))
    assert len(seen) == 1


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/html"}, {"Content-Type": "application/json"}, {"Content-Encoding": "gzip"}],
)
async def test_an_answer_that_is_no_event_stream_leaves_open_whether_the_question_arrived(
    serving: Serving, build: Building, headers: dict[str, str]
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **headers})
        await response.prepare(request)
        return response

    async with serving(answer) as base_url:
        with pytest.raises(StreamBroken, match="no event stream"):
            async with build(base_url).ask(Conversation("c", "t"), "hello"):
                pytest.fail("it was answered")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_limit_on_opening_is_told_and_left_to_the_caller(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, status: int
) -> None:
    standin.faults.arm(Fault("open", status=status, retry_after_s=2))
    with pytest.raises(AgentRateLimited) as raised:
        await agent.open("", {})
    assert raised.value.retry_after_s == 2
    assert len(standin.faults.hit) == 1


@pytest.mark.parametrize(
    "fault", [Fault("open", status=500), Fault("open", lose_answer=True), Fault("open", refuse=True)]
)
async def test_opening_is_not_repeated_where_the_request_may_have_arrived(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, clock: NoWaitClock, fault: Fault
) -> None:
    standin.faults.arm(fault)
    with pytest.raises(AgentUnavailable):
        await agent.open("", {})
    assert clock.slept == []
    assert standin.book.opened == int(fault.lose_answer)
