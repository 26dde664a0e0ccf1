"""Who asks, and what people and channels are called: looked up once and kept for a while."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import CHANNEL
from adapters.slack.api.errors import Call, code_of, translated
from adapters.slack.api.identity import BotIdentity
from adapters.slack.api.ttl_cache import TtlCache
from adapters.slack.limits import LOOK_UPS_PER_MINUTE, USUAL
from adapters.slack.options import SlackOptions
from adapters.slack.people.member_list import CallWindow, MemberList
from bridge.domain.errors import BridgeError, ChannelRateLimited
from bridge.domain.incoming import Queued
from bridge.domain.threads import UNKNOWN_LOCALE, Locale

_LOG = logging.getLogger(__name__)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,189}")
_TEAM_ID = re.compile(r"[!-~]{1,100}")
_CODE = re.compile(r"[A-Za-z0-9_+/-]{2,60}")
_KEEP_S = 12 * 3600.0
_KEEP_FAILURE_S = 10.0
_LONGEST_NAME = 60
_NO_SCOPE = frozenset({"missing_scope", "not_allowed_token_type", "unknown_method"})
_NOBODY_HERE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_SIGNS = re.compile(r"[\s:>@<*_`~\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
"""What could make a name look like something else than a name in front of a text."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says of a person. All empty where it says nothing."""

    name: str = ""
    """As the person is shown in Slack."""
    email: str = ""
    """Confirmed, in lower case."""
    team: str = ""
    locale: Locale = UNKNOWN_LOCALE
    is_external: bool | None = None
    """Whether it is a guest, or a person of another organisation; None if Slack did not say."""
    is_known: bool = False
    """Whether Slack answered at all."""


@dataclass(frozen=True, slots=True)
class EmailRules:
    """Whose e-mail addresses name a person to TalkifAI."""

    are_used: bool = True
    need_domain: bool = False
    """Whether an address counts by itself only where its domain is one of these: the administrators of any workspace
    choose the addresses of its members, so one that the operator does not run proves nothing."""
    domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, options: SlackOptions, domains: AbstractSet[str], *, is_of_many: bool) -> Self:
        """Return the rules of the settings: where others than one workspace's members may ask, domains decide."""
        return cls(options.emails, is_of_many or options.external_users == "allow", frozenset(domains))

    def count(self, email: str) -> bool:
        """Say whether the address alone names the person."""
        return not self.need_domain or email.rpartition("@")[2] in self.domains


def plain_identifier(queued: Queued) -> str:
    """Name the asker without asking Slack: `slack:<team>:<user>`."""
    return f"{CHANNEL}:{queued.thread.account}:{queued.person.id}"


def plain_name(name: object) -> str:
    """Return a name that is one line of words, 60 characters at most; empty for what is no name."""
    return _SIGNS.sub(" ", name).strip()[:_LONGEST_NAME].rstrip() if isinstance(name, str) else ""


class People:
    """Answers who a person is, and what a channel is called.

    Args:
        client: Slack's Web API.
        workspace: Whose members are no strangers.
        emails: Whose e-mail addresses count.
        look_up_s: How long a question waits for what Slack says of a person.
        now: Seconds that never go back.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: BotIdentity,
        *,
        emails: EmailRules | None = None,
        look_up_s: float = USUAL.look_up_s,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._look_up_s = look_up_s
        self._emails = emails or EmailRules()
        self._profiles = TtlCache(self._ask_for_person, now)
        self._members = MemberList(client, self._profile_in, now)
        self._look_ups = CallWindow(LOOK_UPS_PER_MINUTE, now)
        self._channels = TtlCache(self._ask_for_channel, now)
        self._refused: set[str] = set()

    async def identifier(self, queued: Queued) -> str:
        """Return the e-mail address, or else `slack:<team>:<user>`. Takes some 3 s at most.

        An address that its team vouches for alone is `slack:<team>:<address>`.
        """
        if not self._emails.are_used:
            return plain_identifier(queued)
        profile = await self.profile(queued.person.id)
        if not profile.email or self._emails.count(profile.email):
            return profile.email or plain_identifier(queued)
        team = (profile.team if profile.is_external else "") or queued.thread.account
        return f"{CHANNEL}:{team}:{profile.email}"

    async def profile(self, user: str) -> Profile:
        """Return what Slack says of a person. Takes some 3 s at most."""
        return Profile() if self.are_hidden else await self._profiles.get(user)

    async def locale(self, user: str) -> Locale:
        """Return how the person reads, as far as Slack says. Takes some 3 s at most."""
        return (await self.profile(user)).locale

    @property
    def are_hidden(self) -> bool:
        """Whether the app has not the scope to look people up."""
        return "users.info" in self._refused

    async def name(self, user: str) -> str:
        """Return the name that the person goes by; the id where Slack does not tell."""
        return await self.shown_name(user) or user

    async def shown_name(self, user: str) -> str:
        """Return the name that the person goes by; empty where Slack does not tell."""
        return (await self.profile(user)).name

    async def channel_name(self, channel: str) -> str:
        """Return a channel's name; the id where Slack does not tell."""
        if "conversations.info" in self._refused:
            return channel
        return await self._channels.get(channel) or channel

    async def _ask_for_person(self, user: str) -> tuple[Profile, float]:
        found = self._members.known(user, _KEEP_S)
        if found is None and self._look_ups.take():
            found = await self._looked_up(user)
        # Of an organisation's token Slack would list one of its workspaces.
        if found is None and not (self.are_hidden or self._workspace.is_organisation):
            found = await self._from_list(user)
        return found or (Profile(), _KEEP_S if self.are_hidden else _KEEP_FAILURE_S)

    async def _looked_up(self, user: str) -> tuple[Profile, float] | None:
        """Look one person up; None where no more look-ups are allowed now, or the app may not make any."""
        try:
            answer, keep_s = await self._asked(
                "users.info", lambda: self._client.users_info(user=user, include_locale=True)
            )
        except ChannelRateLimited as error:
            self._look_ups.pause(error.retry_after_s)
            return None
        if answer.get("error") in _NOBODY_HERE:
            return Profile(is_external=True, is_known=True), keep_s
        facts = answer.get("user")
        return (self._profile_in(facts) if isinstance(facts, Mapping) else Profile()), keep_s

    async def _from_list(self, user: str) -> tuple[Profile, float] | None:
        """Find the person in the list of members: where many ask at once, a page of it serves 200 of them."""
        try:
            async with asyncio.timeout(self._look_up_s):
                return await self._members.find(user, _KEEP_S)
        except (BridgeError, TimeoutError) as error:
            _LOG.debug("Slack does not list its members: %s", error)
            return None

    def _profile_in(self, facts: Mapping[str, Any]) -> Profile:
        return _profile_in(facts, self._workspace)

    async def _ask_for_channel(self, channel: str) -> tuple[str, float]:
        try:
            answer, keep_s = await self._asked(
                "conversations.info", lambda: self._client.conversations_info(channel=channel)
            )
        except ChannelRateLimited:
            return "", _KEEP_FAILURE_S
        facts = answer.get("channel")
        return plain_name(facts.get("name") if isinstance(facts, Mapping) else None), keep_s

    async def _asked(self, method: str, call: Callable[[], Awaitable[Any]]) -> tuple[Mapping[str, Any], float]:
        """Return Slack's answer, empty where there is none, and for how long to believe it.

        Raises `ChannelRateLimited`.
        """
        try:
            with translated(Call(method)):
                try:
                    async with asyncio.timeout(self._look_up_s):
                        answer = await call()
                    return answer.data if isinstance(answer.data, Mapping) else {}, _KEEP_S
                except SlackApiError as error:
                    if code_of(error) in _NOBODY_HERE:
                        return {"error": code_of(error)}, _KEEP_S
                    if code_of(error) not in _NO_SCOPE:
                        raise
                    self._stop_asking(method, code_of(error))
                    return {}, _KEEP_S
        except ChannelRateLimited:
            raise
        except BridgeError as error:
            _LOG.debug("Slack does not answer %s: %s", method, error)
            return {}, _KEEP_FAILURE_S

    def _stop_asking(self, method: str, code: str) -> None:
        if method not in self._refused:
            self._refused.add(method)
            _LOG.warning("Slack does not let the app call %s (%s): ids are used instead of names.", method, code)


def _profile_in(facts: Mapping[str, Any], workspace: BotIdentity) -> Profile:
    shown = facts.get("profile")
    profile = shown if isinstance(shown, Mapping) else {}
    names = (profile.get("display_name"), profile.get("real_name"), facts.get("real_name"), facts.get("name"))
    team = facts.get("team_id")
    return Profile(
        name=next(filter(None, map(plain_name, names)), ""),
        email=_confirmed_email(facts, profile.get("email")),
        team=team if isinstance(team, str) and _TEAM_ID.fullmatch(team) else "",
        locale=Locale(*(_code_in(facts.get(name)) for name in ("locale", "tz"))),
        is_external=_is_external(facts, workspace),
        is_known=True,
    )


def _code_in(found: object) -> str:
    return found if isinstance(found, str) and _CODE.fullmatch(found) else ""


def _confirmed_email(facts: Mapping[str, Any], email: object) -> str:
    """Return the address in lower case; empty where Slack does not say that its owner confirmed it.

    People may write any address until they confirm it (`is_email_confirmed` of the user object).
    """
    is_one = isinstance(email, str) and _EMAIL.fullmatch(email)
    return str(email).lower() if is_one and facts.get("is_email_confirmed") is True else ""


def _is_external(facts: Mapping[str, Any], workspace: BotIdentity) -> bool | None:
    """Tell a full member, of this workspace or of another one of its organisation, from everybody else.

    None where Slack does not say whose member the person is.
    """
    if any(facts.get(mark) for mark in ("is_restricted", "is_ultra_restricted", "is_stranger")):
        return True
    team, elsewhere = facts.get("team_id"), facts.get("enterprise_user")
    if not team:
        return None
    if team in {workspace.team_id, workspace.enterprise_id}:
        return False
    organisation = elsewhere.get("enterprise_id") if isinstance(elsewhere, Mapping) else None
    return not workspace.enterprise_id or organisation != workspace.enterprise_id


def foreign_team(found: object, workspace: BotIdentity, *, is_shared: bool) -> str:
    """Return the team of a person from another organisation, through Slack Connect; empty for all others.

    In an Enterprise Grid organisation other teams are at home too: there only a shared channel has strangers.
    """
    if (
        not isinstance(found, str)
        or not _TEAM_ID.fullmatch(found)
        or found in {workspace.account, workspace.enterprise_id}
    ):
        return ""
    return "" if workspace.enterprise_id and not is_shared else found
