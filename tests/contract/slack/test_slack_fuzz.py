"""Everything that comes over HTTP for Slack, signed and unsigned, in hostile variants."""

import asyncio
import gc
import json
import logging
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from redis.asyncio import Redis

from adapters.slack.inbound.http_mode import EVENTS_PATH
from adapters.slack.workspaces.oauth import INSTALL_PATH, REDIRECT_PATH
from sandbox.slack.event_requests import signed
from tests.contract.fuzz import headers, raw_bodies, variants
from tests.contract.slack.workspaces_fixture import Street

_EVENT = {
    "type": "message",
    "user": "U0NINA",
    "channel": "C0NORTH",
    "channel_type": "channel",
    "ts": "1732300100.000200",
    "thread_ts": "1732300000.000100",
    "client_msg_id": "0d1b2c3d-0000-4000-8000-000000000001",
    "text": "<@U0BOT> what is new?",
    "team": "T0NORTH",
    "blocks": [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
    "files": [{"id": "F1", "name": "a.pdf"}],
}
_ENVELOPE: dict[str, Any] = {
    "team_id": "T0NORTH",
    "api_app_id": "A1",
    "type": "event_callback",
    "event_id": "Ev1",
    "event_time": 1732300100,
    "authorizations": [{"team_id": "T0NORTH", "user_id": "U0BOT", "is_bot": True}],
    "event": _EVENT,
}
_EDIT = {"type": "message", "subtype": "message_changed", "channel": "C0NORTH", "ts": "2.0", "message": _EVENT}
_EVENTS = [
    _ENVELOPE,
    {**_ENVELOPE, "event": {**_EDIT, "previous_message": _EVENT}},
    {**_ENVELOPE, "event": {"type": "app_home_opened", "user": "U0NINA", "channel": "D1", "tab": "home"}},
    {**_ENVELOPE, "event": {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}},
    {**_ENVELOPE, "event": {"type": "agent_session_stopped", "channel": "C0NORTH", "thread_ts": "1.0", "user": "U1"}},
    {"type": "url_verification", "challenge": "x", "token": "y"},
]
_PRESS = {
    "type": "block_actions",
    "user": {"id": "U0NINA", "team_id": "T0NORTH"},
    "team": {"id": "T0NORTH"},
    "channel": {"id": "C0NORTH"},
    "message": {"ts": "1732300100.000200", "thread_ts": "1732300000.000100"},
    "container": {"type": "message", "message_ts": "1.0", "channel_id": "C0NORTH"},
    "actions": [{"action_id": "talkifai_stop", "block_id": "b", "value": "stop 0123456789abcdef T1", "type": "button"}],
    "response_url": "https://hooks.slack.example/x",
    "trigger_id": "1.2",
}
_COMMAND = {"command": "/agent", "text": "status", "team_id": "T0NORTH", "user_id": "U0NINA", "channel_id": "C0NORTH"}
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


def _dumped(payload: Any) -> str:
    return json.dumps(payload)


def bodies() -> list[tuple[bytes, str]]:
    """Return events, presses and commands in hostile variants, as they go over the wire."""
    events = [(_dumped(one).encode("utf-8", "surrogatepass"), _JSON) for one in variants(_EVENTS, 1, 500)]
    presses = [(urlencode({"payload": _dumped(one)}).encode(), _FORM) for one in variants([_PRESS], 2, 250)]
    commands = [
        (urlencode({name: str(value) for name, value in one.items()}, errors="replace").encode(), _FORM)
        for one in variants([_COMMAND], 3, 100)
    ]
    raw = [(body, kind) for body in raw_bodies() for kind in (_JSON, _FORM, "text/plain", "")]
    return [*events, *presses, *commands, *raw]


@pytest.mark.timeout(240)
async def test_no_signed_request_brings_a_500_a_traceback_or_growth(
    street: Street, log: pytest.LogCaptureFixture, redis: Redis
) -> None:
    """A1: the events route with the right signature over hostile bodies."""
    worker = await street.worker()
    await street.install(worker, street.north)
    sent = bodies()
    async with httpx.AsyncClient(timeout=30) as client:
        statuses = []
        for body, kind in sent[: len(sent) // 2]:
            given = {**signed(street.slack.signing_secret, body), **({"Content-Type": kind} if kind else {})}
            statuses.append((await client.post(worker.url + EVENTS_PATH, content=body, headers=given)).status_code)
        tasks = _tasks()
        for body, kind in sent[len(sent) // 2 :]:
            given = {**signed(street.slack.signing_secret, body), **({"Content-Type": kind} if kind else {})}
            statuses.append((await client.post(worker.url + EVENTS_PATH, content=body, headers=given)).status_code)
    assert set(statuses) <= {200, 400, 401, 404}  # a body that is no UTF-8 cannot have been signed
    assert [record.getMessage() for record in log.records if record.exc_info] == []
    said = [record.getMessage() for record in log.records if "adapters.slack.vendor" not in record.name]
    assert len(said) == len(set(said)) < 40
    assert _tasks() <= tasks + 10
    assert len(await redis.keys("*")) < 50


def _tasks() -> int:
    gc.collect()
    return len(asyncio.all_tasks())


async def test_no_unsigned_request_is_read_or_logged_one_by_one(
    street: Street, log: pytest.LogCaptureFixture, redis: Redis
) -> None:
    """A1: hostile headers, and right ones over another body."""
    worker = await street.worker()
    before = set(await redis.keys("*"))
    names = ("X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type", "Cookie", "X-Slack-Retry-Num")
    async with httpx.AsyncClient(timeout=30) as client:
        statuses = [
            (await client.post(worker.url + EVENTS_PATH, content=b"{}", headers=given)).status_code
            for given in headers(4, 300, names)
        ]
        theirs = signed(street.slack.signing_secret, b"another body")
        statuses.append((await client.post(worker.url + EVENTS_PATH, content=b"{}", headers=theirs)).status_code)
        old = signed(street.slack.signing_secret, b"{}", at=1.0)
        statuses.append((await client.post(worker.url + EVENTS_PATH, content=b"{}", headers=old)).status_code)
    assert set(statuses) == {401}
    assert worker.inbox.offered == []
    assert set(await redis.keys("*")) == before
    assert len(log.records) <= 2


async def test_no_query_of_the_install_pages_brings_a_500_or_a_traceback(
    street: Street, log: pytest.LogCaptureFixture
) -> None:
    """A18: hostile states, codes, cookies and errors."""
    worker = await street.worker()
    state = {"code": "x", "state": "a.9999999999.b", "error": "access_denied", "team": "T1"}
    async with httpx.AsyncClient(timeout=30) as client:
        statuses = []
        for number, one in enumerate(variants([state], 5, 200)):
            query = urlencode({name: str(value) for name, value in one.items()}, errors="replace")[:7_000]
            cookie = {"Cookie": f"slack-app-oauth-state={state['state'] if number % 2 else 'x'}"}
            urls = [f"{worker.url}{path}?{query}" for path in (INSTALL_PATH, REDIRECT_PATH)]
            statuses += [(await client.get(url, headers=cookie)).status_code for url in urls]
        begun = await client.get(worker.url + INSTALL_PATH)
        own = {"Cookie": begun.headers["set-cookie"].partition(";")[0]}
        theirs = own["Cookie"].partition("=")[2]
        for code in ("", "%00", "x" * 5_000, "é", "a&code=b", "<script>alert(1)</script>"):
            answered = await client.get(f"{worker.url}{REDIRECT_PATH}?state={theirs}&code={code}", headers=own)
            statuses.append(answered.status_code)
            assert "<script>alert" not in answered.text
    assert set(statuses) <= {200, 302, 400, 401, 429}
    assert [record.getMessage() for record in log.records if record.exc_info] == []
    assert len(log.records) < 10
