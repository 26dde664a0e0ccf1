"""How the client is built, and what it gives away."""

import logging
from contextlib import ExitStack

import pytest

from adapters.talkifai.client import TalkifaiAgent
from bridge.domain.errors import ConversationLost, SettingWrong
from bridge.domain.sessions import Conversation
from sandbox.talkifai.agents import SANDBOX_STUDIO_TOKEN, TEXT_AGENT_ID
from sandbox.talkifai.server import TalkifaiStandIn


@pytest.mark.parametrize(
    ("key", "token", "base_url", "name"),
    [
        ("", "", "https://api.example.com", "TALKIFAI_API_KEY"),
        ("tk_live_canary", "studio", "https://api.example.com", "TALKIFAI_API_KEY"),
        ("tk_live_canary\n", "", "https://api.example.com", "TALKIFAI_API_KEY"),
        ("tk_live_canary€", "", "https://api.example.com", "TALKIFAI_API_KEY"),
        ("", "canary token", "https://api.example.com", "TALKIFAI_STUDIO_TOKEN"),
        ("tk_live_canary", "", "api.example.com", "TALKIFAI_BASE_URL"),
        ("tk_live_canary", "", "", "TALKIFAI_BASE_URL"),
        ("tk_live_canary", "", "ftp://api.example.com", "TALKIFAI_BASE_URL"),
        ("tk_live_canary", "", "https://api.example.com:port", "TALKIFAI_BASE_URL"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(key: str, token: str, base_url: str, name: str) -> None:
    with pytest.raises(SettingWrong) as raised:
        TalkifaiAgent(base_url=base_url, agent_id=TEXT_AGENT_ID, api_key=key, studio_token=token)
    assert raised.value.name == name
    assert "canary" not in str(raised.value)


async def test_a_studio_token_opens_sessions_too(standin: TalkifaiStandIn) -> None:
    base_url = f"{standin.base_url}/"
    async with TalkifaiAgent(base_url=base_url, agent_id=TEXT_AGENT_ID, studio_token=SANDBOX_STUDIO_TOKEN) as agent:
        opened = await agent.open("", {})
    assert opened.agent_name == "Support Agent"


async def test_secrets_are_in_no_log_not_even_at_debug(
    standin: TalkifaiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """A3: keys and session tokens, with every logger of httpx and its parts at DEBUG."""
    key = "tk_live_canary_key"
    standin.gate.api_keys.add(key)
    # Named one by one: another adapter of the same process may have set their levels for itself.
    loggers = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in {"httpx", "httpcore"}]
    with ExitStack() as levels:
        for name in ("", *loggers):
            levels.enter_context(caplog.at_level(logging.DEBUG, logger=name or None))
        async with TalkifaiAgent(base_url=standin.base_url, agent_id=TEXT_AGENT_ID, api_key=key) as agent:
            conversation = (await agent.open("ann@example.com", {})).conversation
            async with agent.ask(conversation, "hello") as events:
                assert [event async for event in events]
            await agent.history(conversation)
            await agent.end(conversation)
            assert key not in repr(agent)
            assert conversation.token not in repr(conversation)
    assert caplog.records
    assert key not in caplog.text
    assert conversation.token not in caplog.text


@pytest.mark.parametrize("token", ["", "canary\r\nX-Evil: 1", "canary token", "canary€"])
async def test_a_damaged_token_is_a_lost_conversation(agent: TalkifaiAgent, token: str) -> None:
    damaged = Conversation("c", token)
    with pytest.raises(ConversationLost) as asked:
        async with agent.ask(damaged, "hello"):
            pytest.fail("it was sent")
    with pytest.raises(ConversationLost) as read:
        await agent.history(damaged)
    with pytest.raises(ConversationLost) as ended:
        await agent.end(damaged)
    assert "canary" not in f"{asked.value} {read.value} {ended.value}"


async def test_an_id_with_odd_characters_stays_one_part_of_the_address(
    standin: TalkifaiStandIn, agent: TalkifaiAgent, conversation: Conversation
) -> None:
    with pytest.raises(ConversationLost):
        await agent.history(Conversation("../sessions?x=1#y/ä", conversation.token))
    assert standin.book.records[0].end_calls == 0


async def test_the_budget_of_the_latest_answer_is_remembered(standin: TalkifaiStandIn, agent: TalkifaiAgent) -> None:
    def budget() -> tuple[int, int] | None:
        return None if agent.rate_limit is None else (agent.rate_limit.limit, agent.rate_limit.remaining)

    assert budget() is None
    standin.budget.a_minute = 60
    conversation = (await agent.open("", {})).conversation
    assert budget() == (60, 59)
    async with agent.ask(conversation, "hello") as events:
        assert [event async for event in events]
    assert budget() == (60, 58)
    standin.budget.a_minute = None
    await agent.end(conversation)
    assert budget() == (60, 58)


async def test_text_that_utf8_cannot_carry_is_mended_before_it_is_sent(
    standin: TalkifaiStandIn, agent: TalkifaiAgent
) -> None:
    conversation = (await agent.open("ann\ud83d", {"k": "\ude00"})).conversation
    async with agent.ask(conversation, "hi \ud83d\ude00 \ud83d") as events:
        assert [event async for event in events]
    record = standin.book.records[0]
    assert record.posted == ["hi 😀 \ufffd"]
    assert (record.user_identifier, record.metadata) == ("ann\ufffd", {"k": "\ufffd"})
