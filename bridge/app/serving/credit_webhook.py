"""TalkifAI's webhooks about credits, `POST /talkifai/webhook`.

Its pages say on one page that webhooks are signed (HMAC) and on another that this is to come. A signature that is there
has to be right; without one the address has to carry the secret, as `?key=…`.
"""

import hashlib
import hmac
import json
from contextlib import AbstractContextManager
from urllib.parse import parse_qs

from bridge.ports.http import WebAnswer, WebRequest, WebRoutes
from bridge.runtime.operator_alerts import OperatorAlerts

PATH = "/talkifai/webhook"
_LARGEST_BODY = 64 * 2**10
"""Bytes."""
_SIGNATURES = ("x-talkifai-signature", "x-webhook-signature", "x-signature")
_SENTENCES = {
    "credit.low": "TalkifAI says that its credits are low. Add credits in TalkifAI Studio",
    "credit.depleted": "TalkifAI says that its credits are used up. Add credits in TalkifAI Studio",
}


def credit_webhook(routes: WebRoutes, secret: str, alarms: OperatorAlerts) -> AbstractContextManager[None]:
    """Take the webhooks inside a block. Events of other kinds are answered and passed over."""

    async def answer(request: WebRequest) -> WebAnswer:
        if not is_from_talkifai(request, secret):
            return WebAnswer(401)
        sentence = _SENTENCES.get(_kind_of(request.body))
        if sentence is not None:
            alarms.warn("credits", sentence)
        return WebAnswer(200)

    return routes.serve(PATH, answer, largest_body=_LARGEST_BODY)


def is_from_talkifai(request: WebRequest, secret: str) -> bool:
    """Say whether the request carries the right signature, or, where it has none, the secret in its address."""
    given = next((request.headers[name] for name in _SIGNATURES if name in request.headers), None)
    if given is None:
        keys = parse_qs(request.query).get("key", [""])
        return hmac.compare_digest(keys[0].encode(), secret.encode())
    expected = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.removeprefix("sha256=").strip().lower().encode(), expected.encode())


def _kind_of(body: bytes) -> str:
    try:
        event = json.loads(body)
    except ValueError:
        return ""
    kind = (event.get("event") or event.get("type")) if isinstance(event, dict) else ""
    return kind if isinstance(kind, str) else ""
