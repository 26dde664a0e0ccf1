"""Slash commands and the sign on a question: the real slack-bolt over real sockets against the stand-in."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.redis_store import RedisStores
from bridge.domain.incoming import TAKE_OVER, CommandName, IntakeResult
from bridge.domain.notices import TALKIFAI_COMMAND, Notice
from bridge.domain.sessions import Conversation, EndReason, Session
from bridge.domain.threads import ThreadKey
from bridge.texts.sentences import help_text
from config.slack import SlackSettings
from sandbox.faults import Fault, Gate
from sandbox.slack import SlackStandIn
from tests.contract.slack.desk_fixture import Desk, open_session, receiving
from tests.contract.store_steps import DONE, begun
from tests.english import english
from tests.wishes import kind_of


@pytest.fixture
async def desk(slack: SlackStandIn, stores: RedisStores) -> AsyncIterator[Desk]:
    async with receiving(slack, stores, SlackSettings()) as opened:
        yield opened


CHANNEL_THREAD = ThreadKey("slack", "T0SANDBOX", "C1", "1700000000.000100")
DM = ThreadKey("slack", "T0SANDBOX", "D1")


@pytest.mark.parametrize("text", ["", "help", "what is this?"])
async def test_help_is_told_to_the_person_alone(desk: Desk, text: str) -> None:
    assert await desk.type(text) == help_text(english, TALKIFAI_COMMAND)
    assert desk.kept == []


async def test_status_lists_the_persons_own_conversations(desk: Desk, stores: RedisStores) -> None:
    assert await desk.type("status") == english(Notice.NONE_OF_YOURS)
    await open_session(stores, CHANNEL_THREAD, opened_at=1.0)
    await open_session(stores, DM, opened_at=2.0)
    await open_session(stores, ThreadKey("slack", "T0SANDBOX", "C1", "1700000009.000100"), "U0BOB")
    assert (await desk.type("Status ")).splitlines() == [
        f"{english(Notice.YOUR_CONVERSATIONS)}:",
        "• <#C1>: <https://sandbox.slack.com/archives/C1/p1700000000000100|thread>",
        "• direct message",
    ]


async def test_end_ends_the_persons_own_conversations_in_that_place(desk: Desk, stores: RedisStores) -> None:
    await open_session(stores, CHANNEL_THREAD)
    await open_session(stores, DM)
    assert await desk.type("end", "C1") == "Your conversation here ends."
    assert await desk.type("end", "C1", "U0BOB") == english(Notice.NONE_OF_YOURS_HERE)
    (question,) = desk.queued
    assert (kind_of(question), question.thread, question.person.id) == (CommandName.END, CHANNEL_THREAD, "U0ADA")
    assert question.address.thread == CHANNEL_THREAD.thread


async def test_human_and_agent_are_for_the_persons_own_threads_in_that_place(desk: Desk, stores: RedisStores) -> None:
    """M7: a slash command cannot be given in a thread."""
    assert await desk.type("agent", "C1") == english(Notice.AGENT_ANSWERS_ALREADY)
    assert await desk.type("human", "C1") == english(Notice.NONE_OF_YOURS_HERE)
    await open_session(stores, CHANNEL_THREAD)
    assert await desk.type("human", "C1") == english(Notice.PERSON_COMES)
    (human,) = desk.queued
    assert (kind_of(human), human.thread, human.person.id) == (CommandName.HUMAN, CHANNEL_THREAD, "U0ADA")
    assert await stores.inbox.append(human) is IntakeResult.ACCEPTED
    assert await desk.type("agent", "C1", "U0BOB") == english(Notice.AGENT_ANSWERS_ALREADY)
    assert await desk.type("agent", "C1") == english(Notice.AGENT_ANSWERS)
    assert kind_of(desk.queued[-1]) is CommandName.AGENT


async def test_human_asks_nothing_where_it_is_switched_off(slack: SlackStandIn, stores: RedisStores) -> None:
    """M7: the word is a question in a thread alone; a slash command would ask it in every conversation at once."""
    await open_session(stores, CHANNEL_THREAD)
    told = help_text(english, TALKIFAI_COMMAND.without(TAKE_OVER))
    assert "human" not in told
    async with receiving(slack, stores, SlackSettings(), has_take_overs=False) as desk:
        assert [await desk.type(word, "C1") for word in ("human", "agent", "help")] == [told] * 3
        assert desk.kept == []


async def test_new_begins_anew_in_a_direct_message_and_explains_elsewhere(desk: Desk) -> None:
    assert await desk.type("new", "C1") == english(Notice.NEW_BY_MENTION)
    assert desk.kept == []
    assert await desk.type("new") == english(Notice.NEW_BEGINS)
    assert [(kind_of(question), question.thread) for question in desk.kept] == [(CommandName.NEW, DM)]


async def test_a_command_that_could_not_be_kept_is_not_acknowledged(desk: Desk) -> None:
    desk.is_down = True
    desk.slack.sockets.ack_within_s = 0.2
    assert await desk.type("new") is None
    assert not desk.slack.deliveries[-1].acked


async def test_a_session_that_is_over_is_nobodys(stores: RedisStores) -> None:
    await open_session(stores, DM)
    assert [one.thread for one in await stores.sessions.opened_by("slack", "T0SANDBOX", "U0ADA")] == [DM]
    assert await stores.sessions.begin_end(DM, "c-D1-", EndReason.IDLE)
    assert list(await stores.sessions.opened_by("slack", "T0SANDBOX", "U0ADA")) == []


async def test_a_thread_that_somebody_else_began_anew_is_theirs(stores: RedisStores) -> None:
    await open_session(stores, CHANNEL_THREAD)
    lease = await begun(stores, "q-anew", thread=CHANNEL_THREAD)
    session = Session(CHANNEL_THREAD, Conversation("c-anew", "jwt"), "Ada", "U0BOB", "u", 9.0)
    await stores.sessions.bind(lease, session, 600)
    assert list(await stores.sessions.opened_by("slack", "T0SANDBOX", "U0ADA")) == []
    assert len(await stores.sessions.opened_by("slack", "T0SANDBOX", "U0BOB")) == 1


async def test_a_question_carries_a_sign_until_it_is_answered(slack: SlackStandIn, stores: RedisStores) -> None:
    async with receiving(slack, stores, SlackSettings(receipt=True)) as desk:
        ts = await slack.say("U0ADA", "C1", f"{slack.mention} hello")
        message = slack.workspace.messages["C1", ts]
        await _until(lambda: message.reactions == {"eyes"})
        await desk.channel.settled(desk.queued[0], DONE)
        assert message.reactions == set()
        await desk.type("new")
        await desk.channel.settled(desk.queued[-1], DONE)
    assert slack.api.reacted == [(ts, "eyes")]


async def test_an_answer_that_is_quicker_than_the_sign_still_takes_it_away(
    slack: SlackStandIn, stores: RedisStores
) -> None:
    async with receiving(slack, stores, SlackSettings(receipt=True)) as desk:
        slack.faults.arm(Fault("reactions.add", delay_s=0.4))
        ts = await slack.say("U0ADA", "C1", f"{slack.mention} hello")
        await _until(lambda: bool(desk.kept))
        await desk.channel.settled(desk.queued[0], DONE)
        assert slack.api.reacted == [(ts, "eyes")]
        assert slack.workspace.messages["C1", ts].reactions == set()


async def test_signs_keep_to_what_slack_lets_be_taken_away(slack: SlackStandIn, stores: RedisStores) -> None:
    async with receiving(slack, stores, SlackSettings(receipt=True)) as desk:
        for number in range(30):
            await slack.say("U0ADA", "C1", f"{slack.mention} {number}")
        await _until(lambda: len(slack.api.reacted) >= 18 and len(desk.kept) == 30)
        await asyncio.sleep(0.1)
    assert len(slack.api.reacted) <= 18


async def test_without_the_scope_there_is_no_sign_and_the_operator_hears_it_once(
    slack: SlackStandIn, stores: RedisStores, caplog: pytest.LogCaptureFixture
) -> None:
    slack.scopes.discard("reactions:write")
    async with receiving(slack, stores, SlackSettings(receipt=True)) as desk:
        for number in range(3):
            await slack.say("U0ADA", "C1", f"{slack.mention} {number}")
        await _until(
            lambda: any(record.name == "adapters.slack.interactions.ack_reaction" for record in caplog.records)
        )
        for question in desk.queued:
            await desk.channel.settled(question, DONE)
    assert slack.api.reacted == []


async def test_a_token_that_expired_takes_no_sign_away_for_good(slack: SlackStandIn, stores: RedisStores) -> None:
    async with receiving(slack, stores, SlackSettings(receipt=True)) as desk:
        answered = Gate()
        slack.faults.arm(Fault("reactions.add", error="token_expired", hold=answered))
        await slack.say("U0ADA", "C1", f"{slack.mention} one")
        await answered.reached()
        answered.open()
        await desk.channel.settled(desk.queued[0], DONE)
        ts = await slack.say("U0ADA", "C1", f"{slack.mention} two")
        await _until(lambda: slack.workspace.messages["C1", ts].reactions == {"eyes"})


async def test_the_home_tab_lists_the_persons_own_conversations_with_buttons(
    slack: SlackStandIn, stores: RedisStores
) -> None:
    await open_session(stores, CHANNEL_THREAD)
    await open_session(stores, ThreadKey("slack", "T0SANDBOX", "C1", "1700000009.000100"), "U0BOB")
    async with receiving(slack, stores, SlackSettings(prompts=("What is <new>?",))) as desk:
        slack.open_app("U0ADA", "D1", tab="messages")
        slack.open_app("U0ADA", "D1", tab="home")
        await _until(lambda: "U0ADA" in slack.api.homes)
        blocks = slack.api.homes["U0ADA"]["blocks"]
        assert "• What is &lt;new&gt;?" in blocks[1]["text"]["text"]
        assert [block["accessory"]["value"] for block in blocks if "accessory" in block] == [str(CHANNEL_THREAD)]
        assert desk.kept == []


async def test_a_button_of_the_home_tab_ends_that_conversation_once(slack: SlackStandIn, stores: RedisStores) -> None:
    """A15: a button ends no other person's conversation."""
    await open_session(stores, CHANNEL_THREAD)
    await open_session(stores, DM)
    async with receiving(slack, stores, SlackSettings()) as desk:
        slack.open_app("U0ADA", "D1", tab="home")
        await _until(lambda: "U0ADA" in slack.api.homes)
        click = slack.click("U0ADA", "talkifai_end", str(CHANNEL_THREAD))
        await click.settled.wait()
        desk.kept.clear()
        theirs = slack.sockets.deliver({**click.payload, "user": {"id": "U0BOB"}}, "interactive")
        await theirs.settled.wait()
        assert desk.kept == []
        for _ in range(2):
            again = slack.click("U0ADA", "talkifai_end", str(CHANNEL_THREAD))
            await again.settled.wait()
            assert again.acked
        (question,) = desk.queued
        assert (kind_of(question), question.thread, question.person.id) == (CommandName.END, CHANNEL_THREAD, "U0ADA")

        session = await stores.sessions.current(CHANNEL_THREAD)
        assert session is not None
        assert await stores.sessions.begin_end(CHANNEL_THREAD, session.conversation.id, EndReason.COMMAND)
        await desk.channel.settled(question, DONE)
        await _until(lambda: str(CHANNEL_THREAD) not in str(slack.api.homes["U0ADA"]))


async def test_a_click_that_could_not_be_kept_is_not_acknowledged(slack: SlackStandIn, stores: RedisStores) -> None:
    await open_session(stores, CHANNEL_THREAD)
    async with receiving(slack, stores, SlackSettings()) as desk:
        slack.open_app("U0ADA", "D1", tab="home")
        await _until(lambda: "U0ADA" in slack.api.homes)
        desk.is_down = True
        slack.sockets.ack_within_s = 0.2
        slack.sockets.redelivery_after_s = ()
        click = slack.click("U0ADA", "talkifai_end", str(CHANNEL_THREAD))
        await click.settled.wait()
        assert not click.acked


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to this within 5 s")
