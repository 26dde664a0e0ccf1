"""The tokens of many workspaces: kept, renewed, refused, in the real store and with the stand-in as Slack."""

import asyncio
import logging
from dataclasses import replace

import pytest

from adapters.slack.limits import SlackLimits
from adapters.slack.workspaces.installation_store import GrantUnreadable
from bridge.domain.errors import ChannelUnavailable, PlaceGone, SettingWrong, StoreUnavailable
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from config.slack import SlackSettings
from sandbox.faults import Fault, Gate
from tests.contract.slack.workspaces_fixture import KEY, OLDER_KEY, Street

HI = PageView(text="Hi", final=True)
NORTH = Address("T0NORTH", "C0NORTH")


async def test_a_token_is_renewed_before_it_expires_by_one_worker(street: Street) -> None:
    distribution = street.slack.distribution
    distribution.rotates, distribution.life_s = True, 3600.0
    first, second = await street.worker(), await street.worker()
    await street.install(first, street.north)
    distribution.life_s = 43_200.0
    (old,) = distribution.tokens
    gate = Gate()
    street.slack.faults.arm(Fault("oauth.v2.access", hold_answer=gate))
    address = Address("T0NORTH", "C0NORTH")
    renewing = asyncio.ensure_future(first.channel.post(address, HI))
    await gate.reached()
    await second.channel.post(address, HI)  # meanwhile with the token that is still good
    gate.open()
    await renewing
    del distribution.tokens[old]
    await first.channel.post(address, HI)
    renewals = [call for call in street.slack.calls if call.params.get("grant_type") == "refresh_token"]
    assert len(renewals) == 1


async def test_a_renewal_that_is_cut_off_halfway_is_not_lost(street: Street) -> None:
    distribution = street.slack.distribution
    distribution.rotates, distribution.life_s = True, 3600.0
    worker = await street.worker()
    await street.install(worker, street.north)
    distribution.life_s = 43_200.0
    (old,) = distribution.tokens
    gate = Gate()
    street.slack.faults.arm(Fault("oauth.v2.access", hold_answer=gate))
    posting = asyncio.ensure_future(worker.channel.post(Address("T0NORTH", "C0NORTH"), HI))
    await gate.reached()
    posting.cancel()
    gate.open()
    await asyncio.wait([posting])
    del distribution.tokens[old]
    other = await street.worker()
    await other.channel.post(Address("T0NORTH", "C0NORTH"), HI)


async def test_a_token_that_expired_and_cannot_be_renewed_now_is_no_loss_of_the_workspace(street: Street) -> None:
    distribution = street.slack.distribution
    distribution.rotates, distribution.life_s = True, 0.2
    worker = await street.worker()
    await street.install(worker, street.north)
    await asyncio.sleep(0.2)
    street.slack.faults.arm(Fault("oauth.v2.access", status=502))
    with pytest.raises(ChannelUnavailable):
        await worker.channel.post(Address("T0NORTH", "C0NORTH"), HI)
    assert list(await street.stores.records.read_all("slack:grants")) == ["T0NORTH"]


async def test_keys_can_be_changed_and_a_wrong_one_stops_the_start(street: Street) -> None:
    """The older key is needed until every worker has started with the newer one in front."""
    worker = await street.worker(OLDER_KEY)
    await street.install(worker, street.north)
    with pytest.raises(SettingWrong, match="BRIDGE_SECRET_KEY"):
        await street.channel(None, (KEY,)).open()
    both = await street.worker(KEY, OLDER_KEY)
    await both.channel.post(Address("T0NORTH", "C0NORTH"), HI)
    only = await street.worker(KEY)
    await only.channel.post(Address("T0NORTH", "C0NORTH"), HI)


async def test_a_token_that_was_copied_to_another_workspace_is_refused(street: Street) -> None:
    """A29: who can write to Redis cannot have one workspace answered with another one's token."""
    worker = await street.worker()
    await street.install(worker, street.north)
    sealed = await street.stores.records.read("slack:grants", "T0NORTH")
    assert sealed is not None
    await street.stores.records.write("slack:grants", "T0SOUTH", sealed)
    with pytest.raises(GrantUnreadable, match="another workspace"):
        await street.grants().find("T0SOUTH")


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0)])
async def test_a_worker_with_the_old_key_drops_no_question_that_a_newer_one_sealed(street: Street) -> None:
    """P1: it is left to Slack, and to a worker with the new key; replies go on with the token that is known."""
    old = await street.worker(OLDER_KEY)
    await street.install(old, street.north)
    await old.channel.post(NORTH, HI)
    await street.grants(KEY, OLDER_KEY).reseal()
    street.slack.sockets.redelivery_after_s = (0.0,)
    await street.slack.say("U0NINA", "C0NORTH", f"<@{street.north.bot_user_id}> hello")
    await street.slack.sockets.settled()
    assert {attempt.status for attempt in street.slack.deliveries[-1].attempts} == {503}
    await old.channel.post(NORTH, HI)
    street.slack.uninstall(street.north)
    await street.slack.sockets.settled()
    assert await street.stores.records.read_all("slack:grants") == {}


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0)])
async def test_a_late_refusal_of_an_older_token_removes_nothing(street: Street) -> None:
    """The token was changed, for another task of the same worker, while Slack was answering."""
    worker = await street.worker()
    await street.install(worker, street.north)
    gate = Gate()
    street.slack.faults.arm(Fault("chat.postMessage", hold=gate, error="token_revoked"))
    posting = asyncio.ensure_future(worker.channel.post(NORTH, HI))
    await gate.reached()
    grants, tokens = street.grants(), street.slack.distribution.tokens
    (older,) = tokens
    tokens["xoxb-newer"] = tokens[older]
    grant = await grants.find("T0NORTH")
    assert grant is not None
    await grants.save(replace(grant, token="xoxb-newer"))
    await worker.channel.post(NORTH, HI)
    gate.open()
    with pytest.raises(ChannelUnavailable):
        await posting
    assert await grants.find("T0NORTH") is not None


async def due(street: Street, life_s: float = 3600.0) -> str:
    """Install with a token that is soon to be renewed, and return it. Those that follow last long."""
    distribution = street.slack.distribution
    distribution.rotates, distribution.life_s = True, life_s
    worker = await street.worker()
    await street.install(worker, street.north)
    distribution.life_s = 43_200.0
    (token,) = distribution.tokens
    return token


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0, save_tries=1, save_pause_s=0.0)])
async def test_a_renewed_token_that_cannot_be_kept_is_used_and_kept_later(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = await due(street)
    worker = await street.worker()

    async def away(*_: object) -> None:
        raise StoreUnavailable("down")

    with monkeypatch.context() as outage:
        outage.setattr(street.stores.records, "write", away)
        await worker.channel.post(NORTH, HI)
        del street.slack.distribution.tokens[older]
        await worker.channel.post(NORTH, HI)
    await worker.channel.post(NORTH, HI)
    grant = await street.grants().find("T0NORTH")
    assert grant is not None
    assert [grant.token] == list(street.slack.distribution.tokens)
    renewals = [call for call in street.slack.calls if call.params.get("grant_type") == "refresh_token"]
    assert len(renewals) == 1


@pytest.mark.parametrize("new_token", ["xoxb-newer", ""])
async def test_an_installation_or_a_removal_during_a_renewal_wins(street: Street, new_token: str) -> None:
    await due(street)
    worker, grants = await street.worker(), street.grants()
    gate = Gate()
    street.slack.faults.arm(Fault("oauth.v2.access", hold_answer=gate))
    posting = asyncio.ensure_future(worker.channel.post(NORTH, HI))
    await gate.reached()
    grant = await grants.find("T0NORTH")
    assert grant is not None
    await grants.remove("T0NORTH")
    newer = replace(grant, token=new_token, granted_at=grant.granted_at + 5) if new_token else None
    if newer is not None:
        street.slack.distribution.tokens[newer.token] = next(iter(street.slack.distribution.tokens.values()))
        await grants.save(newer)
    gate.open()
    await posting
    assert await grants.find("T0NORTH") == newer


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after_s": 5}, {"error": "internal_error"}])
@pytest.mark.parametrize("limits", [SlackLimits(renew_again_s=0.0)])
async def test_a_renewal_that_slack_puts_off_is_tried_again(
    street: Street, fault: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    await due(street, 0.2)
    worker = await street.worker()
    await asyncio.sleep(0.2)
    street.slack.faults.arm(Fault("oauth.v2.access", **fault))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING), pytest.raises(ChannelUnavailable):
        await worker.channel.post(NORTH, HI)
    assert [record.levelname for record in caplog.records if "renewed yet" in record.getMessage()] == ["WARNING"]
    await worker.channel.post(NORTH, HI)


@pytest.mark.parametrize("limits", [SlackLimits(renew_refused_again_s=0.0)])
async def test_a_token_that_slack_does_not_renew_is_told_once_and_its_place_is_gone_once_it_expired(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    await due(street, 1.0)
    worker = await street.worker()
    street.slack.faults.arm(Fault("oauth.v2.access", times=-1, error="invalid_refresh_token"))
    await worker.channel.post(NORTH, HI)
    await asyncio.sleep(1.0)
    with pytest.raises(PlaceGone):
        await worker.channel.post(NORTH, HI)
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "invalid_refresh_token" in errors[0]


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0)])
async def test_what_was_refused_for_want_of_a_scope_is_tried_anew_after_a_new_installation(street: Street) -> None:
    street.options = SlackSettings(agent_view=True)
    worker = await street.worker()
    street.slack.add_channel("D0NORTH", space=street.north)
    await street.install(worker, street.north)
    thread = Address("T0NORTH", "D0NORTH", "1.1")
    street.slack.faults.arm(Fault("agents.sessions.setStatus", error="missing_scope"))
    await worker.channel.show_activity(thread)
    await worker.channel.show_activity(thread)
    states = [call for call in street.slack.calls if call.method == "agents.sessions.setStatus"]
    assert len(states) == 1
    await street.install(worker, street.north)
    await worker.channel.show_activity(thread)
    assert len([call for call in street.slack.calls if call.method == "agents.sessions.setStatus"]) == 2


async def test_a_removal_that_was_cut_off_goes_on_with_the_next_delivery(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S14: Slack delivers the news again, and the token is deleted only then."""
    worker = await street.worker()
    await street.install(worker, street.north)
    leave, grants = street.stores.accounts.leave_account, street.stores.records
    left: list[list[str]] = []

    async def leave_late(channel: str, account: str) -> int:
        left.append(list(await grants.read_all("slack:grants")))
        if len(left) == 1:
            raise StoreUnavailable("down")
        return await leave(channel, account)

    monkeypatch.setattr(street.stores.accounts, "leave_account", leave_late)
    street.slack.sockets.redelivery_after_s = (0.0,)
    await asyncio.sleep(1.1)  # Slack's times are whole seconds
    street.slack.uninstall(street.north)
    await street.slack.sockets.settled()
    assert left[:2] == [["T0NORTH"], ["T0NORTH"]]
    assert await grants.read_all("slack:grants") == {}
