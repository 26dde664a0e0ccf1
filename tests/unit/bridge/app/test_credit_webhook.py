"""TalkifAI's webhooks about credits are passed on, and only TalkifAI's."""

import hashlib
import hmac
import json
import logging

import httpx
import pytest

from adapters.web.server import WebServer
from bridge.app.serving.credit_webhook import PATH, credit_webhook
from bridge.runtime.clock import SystemClock
from bridge.runtime.operator_alerts import OperatorAlerts

_SECRET = "whsec-canary"


def _signed(body: bytes, secret: str = _SECRET) -> dict[str, str]:
    return {"X-Talkifai-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    ("query", "signs_with", "status"),
    [
        ("", _SECRET, 200),
        (f"?key={_SECRET}", "", 200),
        ("", "", 401),
        ("?key=wrong", "", 401),
        (f"?key={_SECRET}", "other", 401),
    ],
)
async def test_only_what_is_signed_or_carries_the_secret_is_taken(
    query: str, signs_with: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A3: the secret is in no log."""
    alarms = OperatorAlerts(SystemClock())
    body = json.dumps({"event": "credit.depleted"}).encode()
    sent = _signed(body, signs_with) if signs_with else {}
    async with WebServer(port=0, host="127.0.0.1") as server, httpx.AsyncClient() as client:
        with credit_webhook(server, _SECRET, alarms), caplog.at_level(logging.INFO, "bridge"):
            url = f"http://127.0.0.1:{server.port}{PATH}{query}"
            assert (await client.post(url, content=body, headers=sent)).status_code == status

    assert ("credits" in alarms.current()) is (status == 200)
    assert ("Add credits in TalkifAI Studio" in caplog.text) is (status == 200)
    assert not any(_SECRET in record.getMessage() for record in caplog.records if record.name.startswith("bridge"))


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"\xff", b'{"event": "call.ended"}', b'{"event": {}}'])
async def test_other_events_are_answered_and_passed_over(body: bytes) -> None:
    alarms = OperatorAlerts(SystemClock())
    async with WebServer(port=0, host="127.0.0.1") as server, httpx.AsyncClient() as client:
        with credit_webhook(server, _SECRET, alarms):
            url = f"http://127.0.0.1:{server.port}{PATH}"
            assert (await client.post(url, content=body, headers=_signed(body))).status_code == 200
    assert alarms.current() == {}
