"""What an operator should know at the start: secrets that others could read."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from bridge.app.check.machine import check_files
from bridge.runtime.findings import Verdict
from config.settings import Settings, reveal

_CLEARTEXT = {"http": "https://", "redis": "rediss://"}


def risks(settings: Settings, env_file: Path = Path(".env")) -> Iterator[str]:
    """Return a sentence for each risk, beginning with the name of the setting where there is one."""
    if not settings.bridge.secret_key:
        yield (
            "BRIDGE_SECRET_KEY is not set: session tokens and questions are not encrypted in Redis."
            " Make a key with `openssl rand -base64 32 | tr '+/' '-_'`."
        )
    for name, address in _addresses(settings).items():
        safe = _CLEARTEXT.get(urlsplit(address).scheme)
        if safe and not _is_here(urlsplit(address).hostname or ""):
            yield f"{name} leads to another machine without encryption: tokens can be read on the way. Use {safe}"
    for finding in check_files(settings, env_file):
        if finding.verdict is Verdict.WARNING:
            yield f"{finding.said}. {finding.remedy}"


def _addresses(settings: Settings) -> dict[str, str]:
    return {
        "TALKIFAI_BASE_URL": settings.talkifai.base_url,
        "SLACK_API_URL": settings.slack.api_url,
        "TELEGRAM_API_URL": settings.telegram.api_url,
        "REDIS_URL": reveal(settings.redis.url),
    }


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
