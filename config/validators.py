"""Says what is wrong with one value of a setting. Pure; a message never repeats the value, which may be a secret.

Each check takes the trimmed text of a variable, returns it in the form the bridge uses, and raises `ValueError`
with two sentences: what is wrong, what would be right.
"""

import base64
import math
import re
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_TELEGRAM_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_WEBHOOK_PORTS = (443, 80, 88, 8443)
"""Bot API, `setWebhook`: ports that are called."""
_KEY_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_YES = {"true", "1", "yes", "on"}
_NO = {"false", "0", "no", "off"}


def token(text: str) -> str:
    """Check a secret that travels in an HTTP header."""
    if not _VISIBLE_ASCII.fullmatch(text):
        raise ValueError("holds spaces or other characters that no token has. Copy the token again, and nothing else.")
    return text


def agent_id(text: str) -> UUID:
    """Check the id of a TalkifAI agent: a UUID."""
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(
            "is not a UUID. Copy the agent's id from TalkifAI: 32 hexadecimal digits in five groups."
        ) from None


def slack_bot_token(text: str) -> str:
    """Check a bot token: `xoxb-…`, or `xoxe.xoxb-…` where token rotation is on."""
    if text.startswith("xapp-"):
        raise ValueError(
            "holds an app-level token (xapp-). Put the bot token (xoxb-) here and the app-level token into"
            " SLACK_APP_TOKEN: they may be swapped."
        )
    if not text.startswith(("xoxb-", "xoxe.xoxb-")):
        raise ValueError('is not a bot token. It begins with xoxb- and stands under "OAuth & Permissions" of the app.')
    return token(text)


def slack_app_token(text: str) -> str:
    """Check an app-level token: `xapp-…`."""
    if text.startswith(("xoxb-", "xoxe.xoxb-")):
        raise ValueError(
            "holds a bot token (xoxb-). Put the app-level token (xapp-) here and the bot token into"
            " SLACK_BOT_TOKEN: they may be swapped."
        )
    if not text.startswith("xapp-"):
        raise ValueError(
            "is not an app-level token. It begins with xapp-, has the scope connections:write and stands under"
            ' "Basic Information" of the app.'
        )
    return token(text)


def slack_client_id(text: str) -> str:
    """Check the id of an app: two numbers."""
    if not re.fullmatch(r"[0-9]+\.[0-9]+", text):
        raise ValueError('is not a client id. "Basic Information" of the app has it: two numbers with a dot between.')
    return text


def encryption_keys(text: str) -> str:
    """Check keys for Fernet: 32 bytes each, in URL-safe base64, separated by commas."""
    for key in text.split(","):
        try:
            length = len(base64.b64decode(key.strip(), altchars=b"-_", validate=True))
        except ValueError:
            length = 0
        if length != 32:  # noqa: PLR2004 - the size of a Fernet key
            make = "openssl rand -base64 32 | tr '+/' '-_'"
            raise ValueError(f"holds something that is no key. Make one with `{make}`; separate several by commas.")
    return text


def telegram_token(text: str) -> str:
    """Check a Telegram bot token: `<digits>:<secret>`."""
    if not _TELEGRAM_TOKEN.fullmatch(text):
        raise ValueError("is not a bot token. @BotFather gives one of the form <digits>:<secret>.")
    return text


def telegram_tokens(text: str) -> tuple[SecretStr, ...]:
    """Check the tokens of several bots, separated by commas: each bot stands there once."""
    remedy = "Separate the tokens of @BotFather, <digits>:<secret>, by commas."
    found = [part.strip() for part in text.split(",")]
    for number, part in enumerate(found, start=1):
        if not _TELEGRAM_TOKEN.fullmatch(part):
            raise ValueError(f"has something at place {number} that is no bot token. {remedy}")
    if len({part.partition(":")[0] for part in found}) < len(found):
        raise ValueError(f"names the same bot twice. {remedy}")
    return tuple(map(SecretStr, found))


def agent_ids(text: str) -> tuple[UUID | None, ...]:
    """Check the ids of several agents, separated by commas; None where nothing stands between two of them."""
    found: list[UUID | None] = []
    for number, part in enumerate(text.split(","), start=1):
        try:
            found.append(UUID(part.strip()) if part.strip() else None)
        except ValueError:
            raise ValueError(
                f"has something at place {number} that is not a UUID. Copy the agents' ids from TalkifAI and separate"
                " them by commas; an empty place stands for TALKIFAI_AGENT_ID."
            ) from None
    return tuple(found)


def http_url(text: str) -> str:
    """Check the address of an HTTP API; the result has no slash at the end."""
    remedy = "It has the form https://host or https://host:port/path."
    scheme, host, rest_empty = _url_parts(text, remedy)
    if scheme not in {"http", "https"}:
        raise ValueError(f"is not an http or https address. {remedy}")
    if not host:
        raise ValueError(f"names no host. {remedy}")
    if not rest_empty:
        raise ValueError(f"has a user, a query or a fragment, which cannot be part of it. {remedy}")
    return text.rstrip("/")


def slack_api_url(text: str) -> str:
    """Check the address of Slack's Web API; the result ends with one slash, as slack-sdk joins names to it."""
    return http_url(text) + "/"


def redis_url(text: str) -> str:
    """Check the address of a Redis server."""
    remedy = "It has the form redis://host:6379/0, rediss://host:6379/0 (TLS) or unix:///path/to/socket."
    scheme, host, _ = _url_parts(text, remedy)
    if scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(f"is not a Redis address. {remedy}")
    if scheme == "unix" and not urlsplit(text).path.strip("/"):
        raise ValueError(f"names no socket. {remedy}")
    if scheme != "unix" and not host:
        raise ValueError(f"names no host. {remedy}")
    return text


def _url_parts(text: str, remedy: str) -> tuple[str, str, bool]:
    """Return scheme, host, and whether the address has neither user nor query nor fragment."""
    if not _VISIBLE_ASCII.fullmatch(text):
        raise ValueError(f"holds spaces or other characters that no address has. {remedy}")
    try:
        parts = urlsplit(text)
        _ = parts.port  # reading it checks it
    except ValueError:
        raise ValueError(f"is not an address. {remedy}") from None
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme, parts.hostname or "", bare


def tls_verify(text: str) -> str:
    """Check a yes or no that may be left to the bridge: `true`, `false` or `auto`."""
    word = text.lower()
    if word in _YES:
        return "true"
    if word in _NO:
        return "false"
    if word != "auto":
        raise ValueError("is none of the words it may be. Use true, false or auto.")
    return word


def idle_timeout_s(text: str) -> float:
    """Check the idle time in seconds. TalkifAI ends a conversation itself after 1,800 s."""
    remedy = "Use seconds above 0 and below 1800, TalkifAI's own limit, such as 600."
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f"is not a number. {remedy}") from None
    if not math.isfinite(seconds) or not 0 < seconds < 1800:  # noqa: PLR2004 - the limit named above
        raise ValueError(f"is out of range. {remedy}")
    return seconds


def max_turns(text: str) -> int:
    """Check how many turns one worker has live at a time."""
    remedy = "Use a whole number from 1 to 5000, such as 500."
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"is not a whole number. {remedy}")
    if not 1 <= int(text) <= 5000:  # noqa: PLR2004 - the bound named above
        raise ValueError(f"is out of range. {remedy}")
    return int(text)


def max_pages(text: str) -> int:
    """Check how many messages a reply may fill."""
    remedy = "Use a whole number from 1 to 100, such as 20."
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"is not a whole number. {remedy}")
    if not 1 <= int(text) <= 100:  # noqa: PLR2004 - the bound named above
        raise ValueError(f"is out of range. {remedy}")
    return int(text)


def requests_per_minute(text: str) -> int:
    """Check the operator's own cap on requests to TalkifAI."""
    remedy = "Use a whole number from 5 to 100000, such as 60, or leave it unset to follow what TalkifAI says."
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"is not a whole number. {remedy}")
    if not 5 <= int(text) <= 100_000:  # noqa: PLR2004 - the bounds named above
        raise ValueError(f"is out of range. {remedy}")
    return int(text)


def key_prefix(text: str) -> str:
    """Check what every Redis key begins with; braces and wildcards mean something to Redis."""
    if not _KEY_PREFIX.fullmatch(text):
        raise ValueError("cannot begin a Redis key. Use up to 64 letters, digits and the signs . _ : -")
    return text


def log_level(text: str) -> str:
    """Check the least weight of a log line that is written."""
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError("is no log level. Use debug, info, warning or error.")
    return text.lower()


def log_format(text: str) -> str:
    """Check how a log line looks."""
    if text.lower() not in {"console", "json"}:
        raise ValueError("is no log format. Use console or json.")
    return text.lower()


def streaming(text: str) -> str:
    """Check how a reply is shown while it grows."""
    if text.lower() not in {"edit", "status", "native"}:
        raise ValueError("is none of the words it may be. Use edit, status or native.")
    return text.lower()


def prompts(text: str) -> tuple[str, ...]:
    """Check suggested prompts: up to four, separated by `|`."""
    found = tuple(filter(None, (part.strip() for part in text.split("|"))))
    if not 1 <= len(found) <= 4 or any(len(prompt) > 300 for prompt in found):  # noqa: PLR2004 - Slack's bound, and ours
        raise ValueError("is no list of prompts. Use one to four of up to 300 characters each, separated by |.")
    return found


def one_of(*words: str) -> Callable[[str], str]:
    """Return a check that takes one of these words, in any case."""
    named = f"{', '.join(words[:-1])} or {words[-1]}"

    def check(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"is none of the words it may be. Use {named}.")
        return text.lower()

    return check


def on_off(text: str) -> str:
    """Check a switch."""
    word = text.lower()
    if word in _YES:
        return "on"
    if word in _NO:
        return "off"
    raise ValueError("is none of the words it may be. Use on or off.")


def group_trigger(text: str) -> str:
    """Check what in a group is a question."""
    if text.lower() not in {"mention", "all"}:
        raise ValueError("is none of the words it may be. Use mention or all.")
    return text.lower()


def group_control(text: str) -> str:
    """Check who may end a conversation in a group."""
    if text.lower() not in {"anyone", "admins"}:
        raise ValueError("is none of the words it may be. Use anyone or admins.")
    return text.lower()


def port(text: str) -> int:
    """Check a port to listen on."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 - what TCP has
        raise ValueError("is no port. Use a number from 1 to 65535.")
    return int(text)


def webhook_url(text: str) -> str:
    """Check an address at which Telegram is to call. This machine's own may be plain HTTP, for trials."""
    remedy = "Use https://<host>, on port 443, 80, 88 or 8443: Telegram calls no other."
    try:
        parts = urlsplit(text)
        host, number = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"is not a web address. {remedy}") from None
    is_here = parts.scheme == "http" and host in {"127.0.0.1", "localhost"}
    is_callable = parts.scheme == "https" and number in {None, *_WEBHOOK_PORTS}
    if not host or not (is_here or is_callable) or parts.query or parts.fragment or parts.username:
        raise ValueError(f"is not an address that Telegram calls. {remedy}")
    return text.rstrip("/")
