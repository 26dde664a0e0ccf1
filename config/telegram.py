"""The section of Telegram: its bots, and what the operator lets them do."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from uuid import UUID

from config.values.checks import After
from config.values.ids import TelegramChats, TelegramUsers
from config.values.kinds import HttpUrl, any_case, entries, from_text, matches, secret
from config.values.secret import Secret
from config.values.section import Section
from config.values.telegram_emails import read_identities

TOKENS = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKENS")
"""The setting of one bot and that of several."""
_WEBHOOK_PORTS = (443, 80, 88, 8443)
"""Bot API, `setWebhook`: ports that are called."""

_BotToken = Annotated[
    Secret,
    secret(matches(r"\d+:[A-Za-z0-9_-]+", "is not a bot token. @BotFather gives one of the form <digits>:<secret>.")),
]


def _each_bot_once(tokens: tuple[Secret, ...]) -> tuple[Secret, ...]:
    if len({_account(token) for token in tokens}) < len(tokens):
        raise ValueError("names the same bot twice. Separate the tokens of different bots by commas.")
    return tokens


def _account(token: Secret) -> str:
    return token.get_secret_value().partition(":")[0]


def _webhook_url(text: str) -> str:
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


@dataclass(frozen=True, slots=True)
class TelegramBot:
    """One of the bots."""

    token: Secret
    token_name: str
    """Where the token was set, for the operator."""
    agent_id: str
    """Empty for `TALKIFAI_AGENT_ID`."""

    @property
    def webhook_secret(self) -> Secret:
        """What Telegram shows to prove who it is: made of the token, so that there is one secret less to keep.

        64 hexadecimal digits; Bot API, `setWebhook`: 1-256 characters of A-Z, a-z, 0-9, _ and -.
        """
        token = self.token.get_secret_value().encode()
        return Secret(hmac.new(token, b"talkifai-bridge webhook", hashlib.sha256).hexdigest())


@dataclass(frozen=True, kw_only=True)
class TelegramSettings(Section):
    """`TELEGRAM_…`."""

    prefix: ClassVar[str] = "TELEGRAM_"
    credentials: ClassVar[tuple[str, ...]] = TOKENS

    bot_token: _BotToken | None = None
    bot_tokens: Annotated[tuple[_BotToken, ...], After(_each_bot_once), entries(",")] = ()
    """Several bots, instead of one."""
    agent_ids: Annotated[tuple[Annotated[UUID | None, from_text(lambda text: text or None)], ...], entries(",")] = ()
    """The agent of each bot, in the order of the tokens; None: `TALKIFAI_AGENT_ID`."""
    api_url: HttpUrl = "https://api.telegram.org"
    streaming: Annotated[Literal["edit", "status", "native"], any_case] = "edit"
    """How a reply is shown while it grows."""
    webhook_url: Annotated[str, After(_webhook_url)] | None = None
    """Where Telegram reaches the web server; None: updates are polled."""
    group_trigger: Annotated[Literal["mention", "all"], any_case] = "mention"
    """What in a group is a question: what mentions or answers the bot, or everything."""
    group_control: Annotated[Literal["anyone", "admins"], any_case] = "anyone"
    """Who in a group may end a conversation."""
    receipt: bool = False
    """Whether a question carries a reaction until it is answered."""
    feedback: bool = False
    """Whether people can rate an answer with buttons below it."""
    identities: Annotated[Mapping[str, str], from_text(read_identities)] = field(default_factory=dict)
    """E-mail addresses by user id, read from the file at this path."""
    allowed_chats: TelegramChats = frozenset()
    """Where people may ask; empty: in every chat."""
    denied_chats: TelegramChats = frozenset()
    allowed_users: TelegramUsers = frozenset()
    """Who may ask; empty: everybody."""
    denied_users: TelegramUsers = frozenset()
    leave_chats: bool = True
    """Whether a bot leaves a group that it is added to and that is not allowed, after it said so."""

    @property
    def enabled(self) -> bool:
        """True when there is a bot."""
        return bool(self.bots)

    @property
    def bots(self) -> tuple[TelegramBot, ...]:
        """The bots in the order of their tokens, each with its agent."""
        tokens = self.bot_tokens or ((self.bot_token,) if self.bot_token else ())
        agents = self.agent_ids or (None,) * len(tokens)
        names = [f"{TOKENS[1]}, number {number}" for number, _ in enumerate(tokens, start=1)]
        return tuple(
            TelegramBot(token, name if self.bot_tokens else TOKENS[0], str(agent or ""))
            for token, name, agent in zip(tokens, names, agents, strict=True)
        )

    @classmethod
    def contradictions(cls, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Name settings of one bot and of several that are mixed, and a wrong number of agents."""
        named = [name for name in TOKENS if name in given]
        if len(named) > 1:
            return [
                (TOKENS[1], f"is set together with {TOKENS[0]}. Put all tokens into {TOKENS[1]} and unset {TOKENS[0]}.")
            ]
        if not named or "TELEGRAM_AGENT_IDS" not in given:
            return []
        agents, tokens = (_count(given[name]) for name in ("TELEGRAM_AGENT_IDS", *named))
        if agents == tokens:
            return []
        remedy = "Give each bot one, in the same order; an empty entry between commas means TALKIFAI_AGENT_ID."
        return [("TELEGRAM_AGENT_IDS", f"has {agents} entries, and {named[0]} has {tokens}. {remedy}")]


def _count(value: Any) -> int:
    return len(value.split(",") if isinstance(value, str) else value)
