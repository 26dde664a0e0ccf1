"""Slack's side of HTTP mode: what happens is posted to the app, signed, in the form that each kind of payload has."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.delivery_models import Attempt, Delivery

_OK = range(200, 300)
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


def signed(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """Return the headers that prove to the app that a request is Slack's (docs: verifying requests from Slack)."""
    timestamp = str(int(time.time() if at is None else at))
    base = b":".join((b"v0", timestamp.encode(), body))
    signature = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def body_of(payload: Mapping[str, Any], envelope_type: str) -> tuple[bytes, str]:
    """Return a payload as it goes over the wire, and its content type."""
    if envelope_type == "events_api":
        return json.dumps(payload).encode(), _JSON
    fields = payload if envelope_type == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), _FORM


class RequestUrl:
    """The address that the app gave Slack, and the secret that both know."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def post(self, delivery: Delivery, attempt: Attempt, number: int, reason: str) -> bool:
        """Post once, without a limit of time; say whether the app took it, and keep what it answered."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        body, content_type = body_of(delivery.payload, delivery.envelope_type)
        headers = {"Content-Type": content_type, **signed(self._secret, body)}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        try:
            async with self._session.post(self.url, data=body, headers=headers) as response:
                said = await response.text()
                attempt.status = response.status
        except aiohttp.ClientError:
            return False
        if attempt.status not in _OK:
            return False
        delivery.response = json.loads(said) if said.startswith("{") else None
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
