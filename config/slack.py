"""The section of Slack: its credentials, and what the operator lets the bot do there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import MaxLen, MinLen

from config.values.checks import After
from config.values.ids import SlackChannels, SlackTeams, SlackUsers
from config.values.kinds import any_case, entries, http_url, matches, secret, visible
from config.values.secret import Secret
from config.values.section import Section

_ONE = "SLACK_BOT_TOKEN"
_SOCKETS, _HTTP = "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"
_MANY = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
_KEY = "BRIDGE_SECRET_KEY"
CREDENTIALS = (_ONE, _SOCKETS, _HTTP, *_MANY)
"""Any one of them says that Slack is wanted."""
_BOT_PREFIXES = ("xoxb-", "xoxe.xoxb-")
"""The second one where token rotation is on."""


def _bot_token(text: str) -> str:
    if text.startswith("xapp-"):
        raise ValueError(
            "holds an app-level token (xapp-). Put the bot token (xoxb-) here and the app-level token into"
            " SLACK_APP_TOKEN: they may be swapped."
        )
    if not text.startswith(_BOT_PREFIXES):
        raise ValueError(
            'is not a bot token. It begins with xoxb- and is shown under "OAuth & Permissions" of the app.'
        )
    return visible(text)


def _app_token(text: str) -> str:
    if text.startswith(_BOT_PREFIXES):
        raise ValueError(
            "holds a bot token (xoxb-). Put the app-level token (xapp-) here and the bot token into"
            " SLACK_BOT_TOKEN: they may be swapped."
        )
    if not text.startswith("xapp-"):
        raise ValueError(
            "is not an app-level token. It begins with xapp-, has the scope connections:write and is shown under"
            ' "Basic Information" of the app.'
        )
    return visible(text)


def _api_url(text: str) -> str:
    """Check the address; the result ends with one slash, as slack-sdk joins names to it."""
    return http_url(text) + "/"


_client_id = matches(
    r"[0-9]+\.[0-9]+",
    'is not a client id. "Basic Information" of the app shows it: two numbers with a dot between them.',
)


@dataclass(frozen=True, kw_only=True)
class SlackSettings(Section):
    """`SLACK_…`."""

    prefix: ClassVar[str] = "SLACK_"
    credentials: ClassVar[tuple[str, ...]] = CREDENTIALS

    bot_token: Annotated[Secret, secret(_bot_token)] | None = None
    app_token: Annotated[Secret, secret(_app_token)] | None = None
    signing_secret: Annotated[Secret, secret(visible)] | None = None
    """Replaces the app token: events come over HTTP, signed with it."""
    client_id: Annotated[str, After(_client_id)] | None = None
    """With the next one and `BRIDGE_SECRET_KEY`, replaces the bot token: any number of workspaces install the app."""
    client_secret: Annotated[Secret, secret(visible)] | None = None
    api_url: Annotated[str, After(_api_url)] = "https://slack.com/api/"
    streaming: Annotated[Literal["edit", "status", "native"], any_case] = "edit"
    """How a reply is shown while it grows."""
    follow_ups: Annotated[Literal["thread", "mention"], any_case] = "thread"
    """Whether a thread that the bot takes part in goes on without mentioning it again."""
    dm: Annotated[Literal["flat", "thread"], any_case] = "flat"
    """Whether each message at the top level of a DM begins a thread, and so a conversation, of its own."""
    agent_view: bool = False
    """Whether the app has Slack's view for agents: DMs are threads, with a state and a title."""
    prompts: Annotated[
        tuple[Annotated[str, MaxLen(300)], ...],
        MinLen(1),
        MaxLen(4),
        entries("|", skip_empty=True),
    ] = ()
    """Up to four things to ask, shown in the agent view and in the Home tab."""
    thread_context: bool = False
    """Whether what people said earlier in a thread is sent as marked quotes."""
    emails: bool = True
    """Whether the asker's e-mail address becomes TalkifAI's `user_identifier`."""
    control: Annotated[Literal["asker", "anyone"], any_case] = "asker"
    """Who may end a conversation: the person who opened it, or anyone. The asker may also stop an answer."""
    feedback: bool = False
    """Whether people can rate an answer with buttons below it."""
    receipt: bool = False
    """Whether a question carries a reaction until it is answered."""
    external_users: Annotated[Literal["refuse", "allow"], any_case] = "refuse"
    """Whether guests, and people of other organisations (Slack Connect), may ask."""
    workflows: bool = False
    """Whether a message of a Workflow Builder workflow that mentions the bot is a question."""
    allowed_teams: SlackTeams = frozenset()
    """Whose members may ask; empty: every workspace that has the app."""
    denied_teams: SlackTeams = frozenset()
    allowed_channels: SlackChannels = frozenset()
    """Where people may ask; empty: wherever the bot is."""
    denied_channels: SlackChannels = frozenset()
    allowed_users: SlackUsers = frozenset()
    """Who may ask; empty: everybody there."""
    denied_users: SlackUsers = frozenset()

    @property
    def enabled(self) -> bool:
        """True when Slack's credentials are set."""
        return self.bot_token is not None or self.client_id is not None

    @property
    def threads_in_dms(self) -> bool:
        """Whether DMs are threads: as set, and always in the agent view."""
        return self.dm == "thread" or self.agent_view

    @classmethod
    def contradictions(cls, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Name each credential of Slack that is missing beside the others, or too much."""
        has = [name for name in CREDENTIALS if name in given]
        if not has:
            return []
        return [*_whose_workspace(has), *_how_events_come(has), *_what_seals(has, has_key=_KEY in given)]


def _whose_workspace(has: Collection[str]) -> list[tuple[str, str]]:
    """One workspace, by its bot token, or any number, which install the app."""
    many = [name for name in _MANY if name in has]
    if not many:
        wanted = (_ONE, "is not set. Slack needs it: copy the bot token (xoxb-) of the app.")
        return [] if _ONE in has else [wanted]
    needed = f"is not set. {many[0]} is set, and for many workspaces Slack needs all of {', '.join(_MANY)}."
    found = [(name, needed) for name in _MANY if name not in has]
    if _ONE in has:
        both = (
            f"is set together with {many[0]}. It is for one workspace, {', '.join(_MANY)} are for many:"
            " unset one or the other."
        )
        found.append((_ONE, both))
    return found


def _how_events_come(has: Collection[str]) -> list[tuple[str, str]]:
    """Over sockets or over HTTP."""
    if _SOCKETS in has and _HTTP in has:
        ways = f"Events come over sockets ({_SOCKETS}) or over HTTP ({_HTTP}): unset one of them."
        return [(_HTTP, f"is set together with {_SOCKETS}. {ways}")]
    if _SOCKETS in has or _HTTP in has:
        return []
    needed = (
        "Slack needs a way for events: add the app-level token (xapp-) with the scope connections:write from"
        f' "Basic Information", or set {_HTTP} instead to take events over HTTP.'
    )
    return [(_SOCKETS, f"is not set. {needed}")]


def _what_seals(has: Collection[str], *, has_key: bool) -> list[tuple[str, str]]:
    """Tokens of workspaces are always encrypted."""
    many = [name for name in _MANY if name in has]
    if not many or has_key:
        return []
    make = "openssl rand -base64 32 | tr '+/' '-_'"
    return [
        (_KEY, f"is not set. {many[0]} is set, and workspaces' tokens are kept encrypted. Make a key with `{make}`.")
    ]
