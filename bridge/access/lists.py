"""Who may ask: the operator's lists of workspaces, places, people and e-mail domains. Pure.

An empty list of allowed ones lets all pass that are not denied. A question must pass every list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.access.routes import Access, RouteTable, Scope
from bridge.domain.incoming import Incoming, Origin, Question, Queued

DIRECT = "direct"
"""Stands in a list of places for all direct messages."""
_NO_CHOICE = Access()


class Refusal(StrEnum):
    """Why a person may not ask."""

    ACCOUNT = "account"
    """The workspace is not allowed."""
    PLACE = "place"
    PERSON = "person"
    EMAIL = "email"
    """The person has no confirmed address in an allowed domain, as far as the channel knows."""
    EXTERNAL = "external"
    """A guest, or a person of another organisation."""
    UNKNOWN = "unknown"
    """The channel cannot tell what the operator wants to be checked."""


@dataclass(frozen=True, slots=True)
class AccessList:
    """Ids and names. Who is denied is refused even where allowed."""

    allowed: frozenset[str] = frozenset()
    """Empty: everybody."""
    denied: frozenset[str] = frozenset()

    def admits(self, names: frozenset[str]) -> bool:
        """Say whether a person or place with all of these names may pass."""
        return not names & self.denied and (not self.allowed or bool(names & self.allowed))

    @property
    def is_open(self) -> bool:
        """Whether it says nothing."""
        return not self.allowed and not self.denied


@dataclass(frozen=True, slots=True)
class ChannelLists:
    """The lists of one channel."""

    accounts: AccessList = AccessList()
    places: AccessList = AccessList()
    people: AccessList = AccessList()


@dataclass(slots=True)
class AccessPolicy:
    """All lists: those of the settings, by the channel's name, and those of the routes. They can be replaced."""

    channels: Mapping[str, ChannelLists] = field(default_factory=dict)
    emails: AccessList = AccessList()
    routes: RouteTable = field(default_factory=RouteTable)

    def replace(self, other: "AccessPolicy") -> None:
        """Let the settings' lists of another policy hold from now on. Routes are replaced in their table."""
        self.channels, self.emails = other.channels, other.emails

    def refusal(self, incoming: Incoming) -> Refusal | None:
        """Return why something that came in may not be kept, by what it says of itself; None where it may."""
        origin = incoming.origin
        lists = self.channels.get(origin.thread.channel, ChannelLists())
        return (
            self.place_refusal(origin)
            or (None if lists.people.admits(_names(origin)) else Refusal.PERSON)
            or (None if _route_admits(self._access_at(incoming), origin) else Refusal.PERSON)
        )

    def place_refusal(self, origin: Origin) -> Refusal | None:
        """Return why no one may ask there; None where people may."""
        lists = self.channels.get(origin.thread.channel, ChannelLists())
        team = origin.metadata.get("person_team", "")
        accounts = {origin.thread.account, team} - {""}
        if not all(lists.accounts.admits(frozenset({account})) for account in accounts):
            return Refusal.ACCOUNT
        names = frozenset({origin.thread.place, DIRECT} if origin.is_direct else {origin.thread.place})
        if lists.places.admits(names):
            return None
        # Who is allowed by name may write to the bot alone, unless that is denied.
        named = origin.is_direct and bool(_names(origin) & lists.people.allowed)
        return None if named and not names & lists.places.denied else Refusal.PLACE

    def needs_email(self, queued: Queued) -> bool:
        """Say whether the person's address decides. A program has none: one that is allowed by name may ask."""
        if queued.person.is_program:
            lists = self.channels.get(queued.thread.channel, ChannelLists())
            if _names(queued.origin) & lists.people.allowed:
                return False
        return not self.emails.is_open or self._access_at(queued).allowed_email_domains is not None

    def admits_email(self, queued: Queued, email: str) -> bool:
        """Say whether a person with this confirmed address may ask; empty for none."""
        _, at, domain = email.lower().rpartition("@")
        wanted = self._access_at(queued).allowed_email_domains
        return bool(at) and self.emails.admits(frozenset({domain})) and (wanted is None or domain in wanted)

    def _access_at(self, incoming: Incoming) -> Access:
        origin, thread = incoming.origin, incoming.thread
        scope = (
            Scope.of(incoming)
            if isinstance(incoming, Question)
            else Scope(thread.channel, thread.account, thread.place, origin.address.thread, person=origin.person.id)
        )
        return self.routes.choices_at(scope).access or _NO_CHOICE


def _names(origin: Origin) -> frozenset[str]:
    person = origin.person
    return frozenset({person.id, f"@{person.handle}"} if person.handle else {person.id})


def _route_admits(access: Access, origin: Origin) -> bool:
    names = _names(origin)
    return not names & access.denied_users and (access.allowed_users is None or bool(names & access.allowed_users))
