"""Many workspaces: bolt's OAuth flow behind the real web server, the real store, and the stand-in as Slack."""

import asyncio
import logging

import aiohttp
import httpx
import pytest
from redis.asyncio import Redis

from adapters.slack.inbound.http_mode import EVENTS_PATH
from adapters.slack.limits import SlackLimits
from adapters.slack.scopes import BOT_SCOPES
from adapters.slack.workspaces.oauth import INSTALL_PATH, REDIRECT_PATH, States
from bridge.domain.errors import ChannelTokenRefused, PlaceGone, StoreUnavailable
from bridge.domain.incoming import Question
from bridge.domain.pages import PageView
from bridge.domain.sessions import EndReason
from bridge.domain.threads import Address, ThreadKey
from sandbox.faults import Fault
from tests.contract.slack.workspaces_fixture import Street

HI = PageView(text="Hi", final=True)


async def dump_of(redis: Redis) -> str:
    """Return all that Redis keeps, as text."""
    found = [str(key) for key in await redis.keys("*")]
    for key in await redis.keys("*records*"):
        found += [repr(pair) for pair in (await redis.hgetall(key)).items()]
    return "\n".join(found)


async def test_a_workspace_installs_the_app_and_is_answered_with_its_own_token(street: Street, redis: Redis) -> None:
    """What it granted is in Redis encrypted alone."""
    worker = await street.worker()
    done = await street.install(worker, street.north)
    assert done.status_code == 200
    assert "Thank you!" in done.text
    assert set(street.slack.distribution.asked_for[0].split(",")) == set(BOT_SCOPES)

    root = await street.slack.say("U0NINA", "C0NORTH", f"<@{street.north.bot_user_id}> hello")
    await street.slack.sockets.settled()
    (question,) = worker.inbox.kept
    assert question.thread == ThreadKey("slack", "T0NORTH", "C0NORTH", root)
    assert question.origin.metadata["permalink"].startswith("https://north.slack.com/archives/C0NORTH/p")
    ts = await worker.channel.post(question.address, HI)
    assert street.north.messages["C0NORTH", ts].user == street.north.bot_user_id
    (token,) = street.slack.distribution.tokens
    assert "T0NORTH" in (dump := await dump_of(redis))
    assert token not in dump


async def test_each_workspace_has_its_own_budgets_and_nobody_elses_token(street: Street) -> None:
    worker = await street.worker()
    for space in (street.north, street.south):
        await street.install(worker, space)
    addresses = [Address("T0NORTH", "C0NORTH"), Address("T0SOUTH", "C0SOUTH")]
    scopes = [{budget.scope for budget in worker.channel.pace(address).edits} for address in addresses]
    assert scopes[0].isdisjoint(scopes[1])
    for address, space in zip(addresses, (street.north, street.south), strict=True):
        ts = await worker.channel.post(address, HI)
        assert space.messages[address.place, ts].user == space.bot_user_id
    with pytest.raises(PlaceGone):
        await worker.channel.post(Address("T0NORTH", "C0SOUTH"), HI)


async def test_events_of_a_workspace_without_the_app_are_acknowledged_and_logged_once(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await street.worker()
    for _ in range(2):
        await street.slack.say("U0NINA", "C0NORTH", f"<@{street.north.bot_user_id}> hello")
        await street.slack.sockets.settled()
    assert worker.inbox.kept == []
    assert all(delivery.acked and len(delivery.attempts) == 1 for delivery in street.slack.deliveries)
    assert len([record for record in caplog.records if "T0NORTH" in record.getMessage()]) == 1
    with pytest.raises(PlaceGone):
        await worker.channel.post(Address("T0NORTH", "C0NORTH"), HI)


async def test_an_installation_belongs_to_the_browser_that_began_it_and_its_state_is_good_once(street: Street) -> None:
    worker = await street.worker()
    street.slack.distribution.consents_for = street.north
    async with httpx.AsyncClient() as browser:
        begun_at = await browser.get(worker.url + INSTALL_PATH)
        cookie = begun_at.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "Secure" in cookie
        back = (await browser.get(begun_at.headers["location"])).headers["location"]
        strangers = [{}, {"Cookie": "slack-app-oauth-state=another"}]
        refused = [await browser.get(back, headers=headers) for headers in strangers]
        own = {"Cookie": cookie.partition(";")[0]}
        done = await browser.get(back, headers=own)
        again = await browser.get(back, headers=own)
        # The same state, with another code that Slack would take.
        consented_anew = (await browser.get(begun_at.headers["location"])).headers["location"]
        anew = await browser.get(consented_anew, headers=own)
    assert [answer.status_code for answer in refused] == [400, 400]
    assert done.status_code == 200
    assert (again.status_code, "invalid_code" in again.text) == (401, True)
    assert (anew.status_code, "storage_error" in anew.text) == (500, True)
    assert "SameSite=Lax" in cookie


async def test_a_state_is_still_good_when_slack_was_away(street: Street, redis: Redis) -> None:
    worker = await street.worker()
    street.slack.distribution.consents_for = street.north
    street.slack.faults.arm(Fault("oauth.v2.access", status=502))
    async with httpx.AsyncClient() as browser:
        begun_at = await browser.get(worker.url + INSTALL_PATH)
        back = (await browser.get(begun_at.headers["location"])).headers["location"]
        own = {"Cookie": begun_at.headers["set-cookie"].partition(";")[0]}
        assert (await browser.get(back, headers=own)).status_code in {401, 503}
        assert [key for key in await redis.keys("*") if b":used:slack" in key] == []
        assert (await browser.get(back, headers=own)).status_code == 200


@pytest.mark.timeout(240)
async def test_ten_thousand_calls_of_the_install_pages_cost_a_few_calls_to_slack_and_a_few_lines(
    street: Street, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """A18: bounded keys, bounded calls, a quiet log."""
    worker = await street.worker()
    before = set(await redis.keys("*"))
    caplog.clear()

    async def visit(client: aiohttp.ClientSession, times: int) -> list[int]:
        statuses = []
        for _ in range(times):
            async with client.get(worker.url + INSTALL_PATH, allow_redirects=False) as begun:
                name, _, state = begun.headers["set-cookie"].partition(";")[0].partition("=")
            own, query = {"Cookie": f"{name}={state}"}, {"code": "x", "state": state}
            async with client.get(worker.url + REDIRECT_PATH, headers=own, params=query) as ended:
                statuses.append(ended.status)
        return statuses

    # This client takes a fraction of the time that httpx takes, and there are ten thousand calls.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        statuses = [
            status for done in await asyncio.gather(*(visit(client, 500) for _ in range(10))) for status in done
        ]
    asked = [call for call in street.slack.calls if call.method == "oauth.v2.access"]
    assert {401, 429} == set(statuses)
    assert len(asked) == statuses.count(401) < 200
    assert set(await redis.keys("*")) == before
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 10


async def test_who_only_looks_at_the_page_leaves_nothing_in_the_store(street: Street, redis: Redis) -> None:
    worker = await street.worker()
    before = set(await redis.keys("*"))
    async with httpx.AsyncClient() as browser:
        for _ in range(3):
            assert (await browser.get(worker.url + INSTALL_PATH)).status_code == 302
    assert set(await redis.keys("*")) == before


async def test_a_state_is_good_for_ten_minutes_and_nobody_else_can_make_one(street: Street) -> None:
    now = 1000.0
    states, others = (States(street.stores.records, secret, lambda: now) for secret in ("ours", "theirs"))
    early, late = await states.async_issue(), await states.async_issue()
    said, signature = early.rsplit(".", 1)
    longer = f"{said}9.{signature}"
    for forged in ("", "x", "..", longer, f"{said}.", early.replace(".", "-"), await others.async_issue(), "ä.1.ö"):
        assert not await states.async_consume(forged)
    now += 599
    assert await states.async_consume(early)
    assert await states.use(early)
    assert not await states.use(early)
    now += 2
    assert not await states.async_consume(late)


async def test_the_operator_hears_why_an_installation_was_refused(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await street.worker()
    street.slack.faults.arm(Fault("oauth.v2.access", error="bad_client_secret"))
    assert (await street.install(worker, street.north)).status_code == 401
    (told,) = [record.getMessage() for record in caplog.records if "installation was refused" in record.getMessage()]
    assert "bad_client_secret" in told
    assert "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET" in told
    (code,) = [call.params["code"] for call in street.slack.calls if call.method == "oauth.v2.access"]
    assert code not in caplog.text


async def test_a_cancelled_installation_and_a_slack_that_fails_leave_nothing_behind(street: Street) -> None:
    worker = await street.worker()
    cancelled = await street.install(worker, None)
    assert "access_denied" in cancelled.text
    street.slack.faults.arm(Fault("oauth.v2.access", error="invalid_code"))
    assert (await street.install(worker, street.north)).status_code == 401
    street.slack.faults.arm(Fault("oauth.v2.access", status=502))
    assert (await street.install(worker, street.north)).status_code in {401, 503}
    street.slack.faults.arm(Fault("auth.test", after=1, refuse=True))
    assert (await street.install(worker, street.north)).status_code == 503
    assert await street.stores.records.read_all("slack:grants") == {}


async def test_a_workspace_that_removes_the_app_has_its_sessions_ended_and_its_tokens_deleted(street: Street) -> None:
    worker = await street.worker()
    for space in (street.north, street.south):
        await street.install(worker, space)
    for thread in (ThreadKey("slack", "T0NORTH", "C0NORTH", "1.1"), ThreadKey("slack", "T0SOUTH", "C0SOUTH", "1.1")):
        await street.open_session(thread)
    await asyncio.sleep(1.1)  # Slack's times are whole seconds: an event of the second of the installation is older
    street.slack.uninstall(street.north)
    await street.slack.sockets.settled()
    assert all(delivery.acked for delivery in street.slack.deliveries)
    (ending,) = await street.stores.sessions.claim_ends(10, 60)
    assert (ending.session.thread.account, ending.reason) == ("T0NORTH", EndReason.GONE)
    assert list(await street.stores.records.read_all("slack:grants")) == ["T0SOUTH"]
    with pytest.raises(PlaceGone):
        await worker.channel.post(Address("T0NORTH", "C0NORTH"), HI)
    await worker.channel.post(Address("T0SOUTH", "C0SOUTH"), HI)


async def test_news_of_a_removal_that_come_after_a_new_installation_remove_nothing(street: Street) -> None:
    worker = await street.worker()
    await street.install(worker, street.north)
    await asyncio.sleep(1.1)
    told = street.slack.uninstall(street.north)
    await street.slack.sockets.settled()
    await asyncio.sleep(1.1)
    await street.install(worker, street.north)
    for delivery in told:
        street.slack.redeliver(delivery)
    await street.slack.sockets.settled()
    await worker.channel.post(Address("T0NORTH", "C0NORTH"), HI)


async def test_a_removal_that_nobody_heard_of_is_learned_from_the_next_call(street: Street) -> None:
    worker = await street.worker()
    await street.install(worker, street.north)
    await worker.channel.post(Address("T0NORTH", "C0NORTH"), HI)
    street.north.is_installed = False
    with pytest.raises(PlaceGone):
        await worker.channel.post(Address("T0NORTH", "C0NORTH"), HI)
    assert await street.stores.records.read_all("slack:grants") == {}


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0)])
async def test_another_worker_goes_by_a_removal_and_a_new_installation_soon(street: Street) -> None:
    first, second = await street.worker(), await street.worker()
    await street.install(first, street.north)
    address = Address("T0NORTH", "C0NORTH")
    await second.channel.post(address, HI)
    await street.install(first, street.north)
    older, newer = street.slack.distribution.tokens
    del street.slack.distribution.tokens[older]
    await second.channel.post(address, HI)
    assert newer in street.slack.distribution.tokens


async def test_an_organisation_installs_the_app_once_for_all_its_workspaces(street: Street) -> None:
    slack, worker = street.slack, await street.worker()
    org = slack.add_workspace("T0EAST", "East", "E0GRID", is_organisation=True)
    slack.person("Eve", "U0EVE", space=org)
    slack.add_channel("C0EAST", "general", space=org)
    slack.add_channel("D0EAST", space=org)
    assert (await street.install(worker, org)).status_code == 200
    assert list(await street.stores.records.read_all("slack:grants")) == ["E0GRID"]

    await slack.say("U0EVE", "C0EAST", f"<@{org.bot_user_id}> hello")
    command = slack.slash("U0EVE", "D0EAST", "status")
    await slack.sockets.settled()
    (question,) = worker.inbox.kept
    assert question.thread.account == "E0GRID"
    assert isinstance(question, Question)
    assert await worker.channel.admits(question)
    await worker.channel.post(question.address, HI)
    assert command.response["text"] == "You have no open conversation."


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0)])
async def test_while_the_store_is_away_events_are_left_to_slack_and_replies_go_on(
    street: Street, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """P1: who sent an event cannot be told without the store."""
    worker = await street.worker()
    await street.install(worker, street.north)
    address = Address("T0NORTH", "C0NORTH")
    await worker.channel.post(address, HI)

    async def away(*_: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(street.stores.records, "read", away)
    street.slack.sockets.redelivery_after_s = (0.0,)
    with caplog.at_level(logging.WARNING):
        await street.slack.say("U0NINA", "C0NORTH", f"<@{street.north.bot_user_id}> hello")
        await street.slack.sockets.settled()
    assert {attempt.status for attempt in street.slack.deliveries[-1].attempts} == {503}
    await worker.channel.post(address, HI)


@pytest.mark.parametrize("limits", [SlackLimits(grant_fresh_s=0.0)])
async def test_a_post_waits_only_a_moment_for_a_store_that_hangs(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: its message's id comes first."""
    worker = await street.worker()
    await street.install(worker, street.north)
    address = Address("T0NORTH", "C0NORTH")
    await worker.channel.post(address, HI)

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(street.stores.records, "read", hang)
    async with asyncio.timeout(3):
        for _ in range(5):
            await worker.channel.post(address, HI)


async def test_events_of_many_workspaces_may_come_over_sockets_as_well(street: Street) -> None:
    worker = await street.socket_worker()
    for space in (street.north, street.south):
        await street.install(worker, space)
    await street.slack.sockets.until_connected(2)
    await street.slack.say("U0NINA", "C0NORTH", f"<@{street.north.bot_user_id}> hello")
    await street.slack.say("U0SAM", "C0SOUTH", f"<@{street.south.bot_user_id}> hello")
    await street.slack.sockets.settled()
    assert {question.thread.account for question in worker.inbox.kept} == {"T0NORTH", "T0SOUTH"}
    async with httpx.AsyncClient() as client:
        assert (await client.post(worker.url + EVENTS_PATH)).status_code == 503


async def test_with_many_workspaces_a_wrong_app_token_is_an_error_at_once(street: Street) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(ChannelTokenRefused, match="SLACK_APP_TOKEN"):
            await street.socket_worker("xapp-wrong")


@pytest.mark.parametrize("domains", [frozenset[str](), frozenset({"corp.example"})])
async def test_the_same_address_in_two_workspaces_is_two_people_unless_its_domain_is_trusted(
    street: Street, domains: frozenset[str]
) -> None:
    """A22: administrators of a workspace choose the addresses of its members."""
    worker = await street.worker(email_domains=domains)
    people = ((street.north, "U0CEO", "C0NORTH"), (street.south, "U0EVE", "C0SOUTH"))
    names = []
    for space, person, place in people:
        await street.install(worker, space)
        street.slack.person("CEO", person, "CEO@corp.example", space=space)
        await street.slack.say(person, place, f"<@{space.bot_user_id}> what do you remember of me?")
        while not (kept := [one for one in worker.inbox.kept if one.thread.account == space.team_id]):
            worker.inbox.arrived.clear()
            await asyncio.wait_for(worker.inbox.arrived.wait(), 5)
        asked = kept[0]
        assert isinstance(asked, Question)
        names.append(await worker.channel.user_identifier(asked))
    qualified = ["slack:T0NORTH:ceo@corp.example", "slack:T0SOUTH:ceo@corp.example"]
    assert names == (["ceo@corp.example"] * 2 if domains else qualified)


async def test_a_workspace_that_may_not_install_the_app_is_refused_and_its_token_is_not_kept(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    """A19: a team that is not on a list."""
    street.refused = frozenset({street.south.team_id})
    worker = await street.worker()
    assert (await street.install(worker, street.south)).status_code >= 400
    assert (await street.install(worker, street.north)).status_code == 200
    assert await street.grants().find(street.south.team_id) is None
    assert await street.grants().find(street.north.team_id) is not None
    assert "T0SOUTH wanted to install the app" in caplog.text
