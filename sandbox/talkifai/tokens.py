"""Session tokens: JWTs signed with HMAC-SHA256 (RFC 7519, RFC 7515), by hand."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

TOKEN_LIFE_S = 24 * 3600
"""Source: Text Chat API, `session_token`."""


def sign(claims: Mapping[str, Any], secret: bytes) -> str:
    """Return the token that carries `claims`."""
    head = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{head}.{_signature(head, secret)}"


def verify(token: str, secret: bytes, now: float) -> Mapping[str, Any] | None:
    """Return the claims of a token that is ours and has not expired; None for any other."""
    head, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(head, secret).encode()):
        return None
    claims: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(head.partition(".")[2] + "=="))
    return claims if claims["exp"] > now else None


def _encoded(value: Mapping[str, Any]) -> str:
    return _unpadded(json.dumps(value, separators=(",", ":")).encode())


def _signature(head: str, secret: bytes) -> str:
    return _unpadded(hmac.new(secret, head.encode(), hashlib.sha256).digest())


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
