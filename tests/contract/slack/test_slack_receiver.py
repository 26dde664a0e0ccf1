"""Slack's receiving half: the real slack-bolt over real sockets against the stand-in."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from adapters.slack.channel import SlackChannel
from adapters.slack.limits import SlackLimits
from bridge.domain.errors import ChannelTokenRefused
from bridge.domain.incoming import Edit, Withdrawal
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from config.slack import SlackSettings
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack.inbox_fixture import Inbox
from tests.wishes import kind_of, words_of

Receiving = Callable[[], AbstractAsyncContextManager["asyncio.Task[None]"]]


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        standin.sockets.ack_within_s = 1.0
        standin.sockets.redelivery_after_s = (0.0, 0.2, 0.5)
        standin.person("Ada", "U0ADA", "ada@example.com")
        standin.add_channel("C1", "general")
        standin.add_channel("D1")
        yield standin


@pytest.fixture
async def channel(slack: SlackStandIn, limits: SlackLimits) -> AsyncIterator[SlackChannel]:
    channel = SlackChannel(
        options=SlackSettings(),
        bot_token=slack.bot_token,
        app_token=slack.app_token,
        api_url=slack.api_url,
        limits=limits,
    )
    await channel.open()
    yield channel
    await channel.aclose()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def receiving(slack: SlackStandIn, channel: SlackChannel, inbox: Inbox) -> Receiving:
    @asynccontextmanager
    async def run() -> AsyncIterator[asyncio.Task[None]]:
        said: list[str] = []
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(channel.receive(inbox.accept, said.append))
            await slack.sockets.until_connected(2)
            yield task
            task.cancel()
        assert len(said) == 1

    return run


async def test_an_event_is_acknowledged_only_after_it_was_kept(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    slack.sockets.ack_within_s = 10.0
    async with receiving():
        inbox.gate.clear()
        await slack.say("U0ADA", "D1", "hello")
        await asyncio.wait_for(inbox.arrived.wait(), 5)
        (delivery,) = slack.deliveries
        assert [attempt.acked_after_s for attempt in delivery.attempts] == [None]
        inbox.gate.set()
        await slack.sockets.settled()
    assert len(delivery.attempts) == 1
    assert delivery.acked


async def test_what_could_not_be_kept_is_delivered_again(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    """D3: the first delivery came to nothing; a retry number above 0 is as good as 0."""
    inbox.failures = 2
    slack.sockets.ack_within_s = 0.3
    async with receiving():
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]
    assert [attempt.acked_after_s is not None for attempt in slack.deliveries[0].attempts] == [False, False, True]


async def test_a_redelivered_question_has_the_same_name(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    """D1: the same event again and again."""
    async with receiving():
        await slack.say("U0ADA", "D1", "hello")
        for _ in range(3):
            slack.redeliver(slack.deliveries[0])
        slack.redeliver(slack.deliveries[0], under_new_id=True)
        await slack.sockets.settled()
    assert len(inbox.offered) == 5
    assert len({question.id for question in inbox.offered}) == 1
    assert inbox.texts == ["hello"]


async def test_variables_that_bolt_reads_by_itself_change_nothing(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "somebody-elses")
    async with receiving():
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]


@pytest.mark.parametrize("mention_first", [True, False])
async def test_the_two_events_of_a_mention_are_one_question(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving, *, mention_first: bool
) -> None:
    """D2: `message` and `app_mention`, in either order."""
    slack.mention_comes_first = mention_first
    async with receiving():
        ts = await slack.say("U0ADA", "C1", f"{slack.mention} what is new?")
        await slack.sockets.settled()
    assert len(slack.deliveries) == 2
    assert len({delivery.event_id for delivery in slack.deliveries}) == 2
    assert inbox.texts == ["what is new?"]
    assert inbox.kept[0].thread.thread == ts
    assert all(question.origin.addressed for question in inbox.offered)


async def test_the_bots_own_posts_and_edits_come_back_and_are_ignored(
    slack: SlackStandIn, channel: SlackChannel, inbox: Inbox, receiving: Receiving
) -> None:
    """D11: its own echoes are acknowledged and nothing more."""
    async with receiving():
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
        address = inbox.kept[0].address
        message_id = await channel.post(address, PageView(text="Hi"))
        await channel.edit(address, message_id, PageView(text="Hi there"))
        await slack.sockets.settled()
    assert len(slack.deliveries) == 3
    assert all(delivery.acked for delivery in slack.deliveries)
    assert len(inbox.offered) == 1


async def test_other_bots_and_edits_of_what_was_no_question_are_ignored(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    """A11: another bot may mention the bridge as often as it likes."""
    async with receiving():
        await slack.say_as_bot("C1", f"{slack.mention} hello")
        ts = await slack.say("U0ADA", "C1", "not for the bot")
        slack.edit_as_person("C1", ts, "not for the bot either")
        slack.delete_as_person("C1", ts)
        await slack.sockets.settled()
    assert inbox.offered == []
    assert all(delivery.acked for delivery in slack.deliveries)


async def test_a_changed_and_a_deleted_question_name_the_message_they_are_about(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    """D12: the edit counts while the question waits, and the deleted one is dropped."""
    async with receiving():
        ts = await slack.say("U0ADA", "C1", f"{slack.mention} what is it?")
        await slack.sockets.settled()
        slack.edit_as_person("C1", ts, f"{slack.mention} what is it really?")
        await slack.sockets.settled()
        slack.delete_as_person("C1", ts)
        await slack.sockets.settled()
    asked, *amendments = {kind_of(question): question for question in inbox.offered}.values()
    assert [(kind_of(one), words_of(one)) for one in amendments] == [
        (Edit, "what is it really?"),
        (Withdrawal, ""),
    ]
    assert {(one.id, one.thread) for one in amendments} == {(asked.id, asked.thread)}


MALFORMED: list[Any] = [
    {},
    {"type": "event_callback"},
    {"type": "event_callback", "event": None},
    {"type": "event_callback", "event": []},
    {"type": "event_callback", "event": {"type": "message"}},
    {"type": "event_callback", "event": {"type": "message", "user": "U1", "channel": 7, "ts": "x"}},
    {"type": "event_callback", "event": {"type": ["message"], "subtype": {}}},
    {"type": "event_callback", "authorizations": "none", "event": {"type": "message", "user": "U1"}},
    {"type": "event_callback", "authorizations": {"0": 1}, "team": 3, "event": {"channel": {"id": []}}},
    {"type": "something_new", "data": [1, 2]},
    {"type": 5},
    {"command": "/ask", "team": []},
    [1, 2],
    "text",
    None,
    17,
]


async def test_malformed_payloads_are_acknowledged_and_stop_nobody(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    """D13: each is acknowledged at once, and the next question is answered."""
    async with receiving():
        for payload in MALFORMED:
            slack.sockets.deliver(payload)
        for frame in ("", "not json", "{", "[]", "{}", '{"type": "events_api", "envelope_id": 3}'):
            await slack.sockets.send_raw(frame)
        await slack.sockets.settled()
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert [len(delivery.attempts) for delivery in slack.deliveries] == [1] * (len(MALFORMED) + 1)
    assert inbox.texts == ["hello"]
    warnings = [
        record.getMessage() for record in caplog.records if record.name == "adapters.slack.inbound.event_handler"
    ]
    assert len(warnings) == len(set(warnings))


UNHANDLED: list[tuple[str, dict[str, Any]]] = [
    ("events_api", {"type": "event_callback", "event": {"type": "reaction_added", "user": "U0ADA", "item": {}}}),
    ("events_api", {"type": "event_callback", "event": {"type": "app_home_opened", "user": "U0ADA", "tab": "home"}}),
    ("events_api", {"type": "event_callback", "event": {"type": "member_joined_channel", "channel": "C1"}}),
    ("events_api", {"type": "event_callback", "event": {"type": "app_uninstalled"}}),
    ("interactive", {"type": "block_actions", "user": {"id": "U0ADA"}, "actions": [{"action_id": "x"}]}),
    ("interactive", {"type": "view_submission", "user": {"id": "U0ADA"}, "view": {"id": "V1"}}),
    ("interactive", {"type": "message_action", "callback_id": "x", "user": {"id": "U0ADA"}}),
]


async def test_what_the_bridge_does_not_handle_is_acknowledged_and_not_delivered_again(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    async with receiving():
        for envelope_type, payload in UNHANDLED:
            slack.sockets.deliver(payload, envelope_type)
        await slack.sockets.settled()
    assert [len(delivery.attempts) for delivery in slack.deliveries] == [1] * len(UNHANDLED)
    assert inbox.offered == []


@pytest.mark.parametrize("limits", [SlackLimits(ping_every_s=0.2)])
async def test_a_socket_whose_peer_fell_silent_is_replaced(
    slack: SlackStandIn, channel: SlackChannel, inbox: Inbox
) -> None:
    slack.sockets.answers_pings = False
    task = asyncio.ensure_future(channel.receive(inbox.accept, lambda _: None))
    await slack.sockets.until_connected(2)
    opened = sum(call.method == "apps.connections.open" for call in slack.calls)
    slack.sockets.answers_pings = True
    async with asyncio.timeout(10):
        while sum(call.method == "apps.connections.open" for call in slack.calls) < opened + 2:
            await slack.say("U0ADA", "C1", "tick")
            await asyncio.sleep(0.1)
        await slack.sockets.until_connected(2)
        while not inbox.kept:
            await slack.say("U0ADA", "D1", "hello")
            await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_payload_of_5_mb_costs_nobody_a_connection(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    """D13: 5 MB."""
    slack.sockets.ack_within_s = 10.0
    async with receiving():
        await slack.say("U0ADA", "D1", "x" * 5_000_000)
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled(20)
        assert slack.sockets.connections == 2
    assert inbox.texts == ["hello"]
    assert all(len(delivery.attempts) == 1 for delivery in slack.deliveries)


async def test_disconnect_frames_lose_nothing(slack: SlackStandIn, inbox: Inbox, receiving: Receiving) -> None:
    slack.sockets.redelivery_after_s = (0.5, 1.0, 3.0)
    async with receiving():
        for round_number in range(3):
            for number in range(5):
                await slack.say("U0ADA", "D1", f"{round_number}-{number}")
            await slack.sockets.disconnect()
            await slack.say("U0ADA", "D1", f"{round_number}-after")
            await slack.sockets.until_connected(2)
        await slack.sockets.settled(20)
    expected = {f"{round_number}-{number}" for round_number in range(3) for number in (*range(5), "after")}
    assert set(inbox.texts) == expected
    assert len(inbox.texts) == len(expected)


async def test_cut_sockets_come_back_and_lose_nothing(slack: SlackStandIn, inbox: Inbox, receiving: Receiving) -> None:
    slack.sockets.redelivery_after_s = (0.5, 4.0, 10.0)
    async with receiving():
        slack.sockets.drop()
        await slack.say("U0ADA", "D1", "while no worker listens")
        await slack.sockets.until_connected(2, 20)
        await slack.sockets.settled(20)
    assert inbox.texts == ["while no worker listens"]


@pytest.mark.parametrize("limits", [SlackLimits(look_at_socket_s=0.05, replace_socket_after_s=0.3)])
async def test_a_socket_that_the_sdk_does_not_mend_is_replaced(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    async with receiving():
        opened = sum(call.method == "apps.connections.open" for call in slack.calls)
        slack.sockets.drop()
        await slack.sockets.until_connected(2, 20)
        assert sum(call.method == "apps.connections.open" for call in slack.calls) >= opened + 2
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]


@pytest.mark.parametrize("limits", [SlackLimits(connect_s=0.5)])
async def test_a_socket_that_does_not_open_is_given_up_and_asked_for_anew(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_ticket = slack.sockets.new_ticket
    tickets = iter(["stale", "stale"])
    monkeypatch.setattr(slack.sockets, "new_ticket", lambda: next(tickets, None) or new_ticket())
    async with receiving():
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]


async def test_receiving_stops_promptly_and_sending_goes_on(
    slack: SlackStandIn, channel: SlackChannel, inbox: Inbox
) -> None:
    connected = asyncio.Event()
    task = asyncio.ensure_future(channel.receive(inbox.accept, lambda _: connected.set()))
    await asyncio.wait_for(connected.wait(), 10)
    await slack.sockets.until_connected(2)
    await slack.say("U0ADA", "D1", "hello")
    await slack.sockets.settled()
    task.cancel()
    async with asyncio.timeout(4):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    await slack.say("U0ADA", "D1", "too late")
    assert await channel.post(inbox.kept[0].address, PageView(text="Still here"))
    assert inbox.texts == ["hello"]


async def test_a_question_on_its_way_is_still_kept_and_acknowledged_at_the_stop(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    async with receiving() as task:
        inbox.gate.clear()
        await slack.say("U0ADA", "D1", "hello")
        await asyncio.wait_for(inbox.arrived.wait(), 5)
        task.cancel()
        await asyncio.sleep(0)
        inbox.gate.set()
        await asyncio.wait([task])
    assert inbox.texts == ["hello"]
    assert slack.deliveries[0].acked


async def test_receiving_can_begin_anew(slack: SlackStandIn, inbox: Inbox, receiving: Receiving) -> None:
    for text in ("one", "two"):
        async with receiving():
            await slack.say("U0ADA", "D1", text)
            await slack.sockets.settled()
    assert inbox.texts == ["one", "two"]


async def test_the_address_that_the_check_got_is_used_and_the_second_socket_is_opened_patiently(
    slack: SlackStandIn, channel: SlackChannel, inbox: Inbox
) -> None:
    """R19: the first socket needs no further call, and another one waits as long as Slack says."""
    slack.faults.arm(Fault("apps.connections.open", status=429, retry_after_s=1))
    said: list[str] = []
    task = asyncio.ensure_future(channel.receive(inbox.accept, said.append))
    await slack.sockets.until_connected(1)
    await slack.say("U0ADA", "D1", "hello")
    await slack.sockets.settled()
    assert (inbox.texts, len(said)) == (["hello"], 1)
    await slack.sockets.until_connected(2)
    task.cancel()
    await asyncio.wait([task])
    assert [call.answer for call in slack.calls if call.method == "apps.connections.open"] == ["ok", "http 429", "ok"]


@pytest.mark.parametrize("limits", [SlackLimits(address_lasts_s=0.0)])
async def test_an_old_address_is_not_used(slack: SlackStandIn, receiving: Receiving) -> None:
    async with receiving():
        assert sum(call.method == "apps.connections.open" for call in slack.calls) == 3


async def test_replies_go_on_while_no_socket_is_given(slack: SlackStandIn) -> None:
    slack.faults.arm(Fault("apps.connections.open", status=429, retry_after_s=60, times=-1))
    channel = SlackChannel(
        options=SlackSettings(), bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url
    )
    await channel.open()
    root = await slack.say("U0ADA", "C1", "hi")
    assert await channel.post(Address(slack.workspace.team_id, "C1", root), PageView(text="hello"))
    await channel.aclose()


@pytest.mark.parametrize("setting", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
@pytest.mark.parametrize("token", ["xoxb-wrong", ""])
async def test_a_wrong_token_is_refused_by_name(slack: SlackStandIn, setting: str, token: str) -> None:
    tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, setting: token}
    channel = SlackChannel(
        options=SlackSettings(),
        bot_token=tokens["SLACK_BOT_TOKEN"],
        app_token=tokens["SLACK_APP_TOKEN"],
        api_url=slack.api_url,
    )
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match=setting) as refused:
            await channel.open()
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("limits", [SlackLimits(check_token_every_s=0.1)])
async def test_a_token_that_is_revoked_ends_receiving(slack: SlackStandIn, channel: SlackChannel, inbox: Inbox) -> None:
    slack.faults.arm(Fault("auth.test", status=502, times=1))
    slack.faults.arm(Fault("auth.test", error="token_revoked", times=-1))
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match="SLACK_BOT_TOKEN"):
            await channel.receive(inbox.accept, lambda _: None)


@pytest.mark.parametrize("limits", [SlackLimits(check_token_every_s=0.1)])
async def test_after_a_refusal_nothing_is_connected_until_slack_takes_the_tokens_again(
    slack: SlackStandIn, channel: SlackChannel, inbox: Inbox
) -> None:
    """A2: the next try checks them anew. Replies to questions that were kept go out meanwhile as well as they can."""
    slack.faults.arm(Fault("auth.test", error="token_revoked", times=2))
    said: list[str] = []
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused):
            await channel.receive(inbox.accept, said.append)
        said.clear()
        with pytest.raises(ChannelTokenRefused):
            await channel.receive(inbox.accept, said.append)
    assert said == []
    await channel.post(Address("T0SANDBOX", "C1"), PageView(text="Hi", final=True))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(channel.receive(inbox.accept, said.append))
        await slack.sockets.until_connected(2)
        task.cancel()
    assert len(said) == 1


async def test_a_socket_that_slack_does_not_give_is_asked_for_again(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    slack.faults.arm(Fault("apps.connections.open", status=429, retry_after_s=1))
    slack.faults.arm(Fault("apps.connections.open", status=502))
    async with receiving():
        await slack.say("U0ADA", "D1", "hello")
        await slack.sockets.settled()
    assert inbox.texts == ["hello"]


async def test_two_hundred_questions_at_once_are_all_kept(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving
) -> None:
    slack.sockets.ack_within_s = 10.0
    async with receiving():
        works: list[Coroutine[Any, Any, str]] = [slack.say("U0ADA", "C1", f"{slack.mention} {n}") for n in range(200)]
        await asyncio.gather(*works)
        await slack.sockets.settled(30)
    assert sorted(map(int, inbox.texts)) == list(range(200))


async def test_nothing_secret_or_said_is_logged(
    slack: SlackStandIn, inbox: Inbox, receiving: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    """A3: at DEBUG, with failures on the way."""
    caplog.set_level("DEBUG")
    inbox.failures = 1
    async with receiving():
        await slack.say("U0ADA", "D1", "my-secret-words")
        slack.sockets.deliver(
            {"type": "event_callback", "event": {"type": "message", "user": "U1", "text": "hush-hush"}}
        )
        await slack.sockets.disconnect()
        await slack.sockets.settled()
        await slack.sockets.until_connected(2)
    written = "\n".join(record.getMessage() + str(record.exc_text or "") for record in caplog.records)
    for secret in (slack.bot_token, slack.app_token, "ticket=", "my-secret-words", "hush-hush"):
        assert secret not in written, secret
    assert json.dumps(inbox.texts) == '["my-secret-words"]'
