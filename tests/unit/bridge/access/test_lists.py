"""What the operator's lists let pass."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bridge.access.lists import AccessList, AccessPolicy, ChannelLists, Refusal
from bridge.access.routes import Access, Choices, Route, RouteTable, Scope
from bridge.domain.incoming import Question, Withdrawal
from bridge.domain.threads import Person
from tests.fakes import question


def _question(person: Person, *, is_direct: bool = False, metadata: Mapping[str, str] | None = None) -> Question:
    asked = question(person=person)
    return replace(asked, origin=replace(asked.origin, is_direct=is_direct, metadata=metadata or {}))


ADA = _question(Person("U1", "Ada", "ada_l"))
ALONE = _question(Person("U1", "Ada", "ada_l"), is_direct=True)


def only(*names: str) -> AccessList:
    return AccessList(allowed=frozenset(names))


def but(*names: str) -> AccessList:
    return AccessList(denied=frozenset(names))


@pytest.mark.parametrize(
    ("lists", "asked", "refusal"),
    [
        (ChannelLists(), ADA, None),
        (ChannelLists(accounts=only("A1")), ADA, None),
        (ChannelLists(accounts=only("A2")), ADA, Refusal.ACCOUNT),
        (ChannelLists(accounts=but("A1")), ADA, Refusal.ACCOUNT),
        (ChannelLists(accounts=only("A1")), _question(Person("U1"), metadata={"person_team": "A9"}), Refusal.ACCOUNT),
        (ChannelLists(accounts=only("A1", "A9")), _question(Person("U1"), metadata={"person_team": "A9"}), None),
        (ChannelLists(places=only("P1")), ADA, None),
        (ChannelLists(places=only("P2")), ADA, Refusal.PLACE),
        (ChannelLists(places=but("P1")), ADA, Refusal.PLACE),
        (ChannelLists(places=AccessList(frozenset({"P1"}), frozenset({"P1"}))), ADA, Refusal.PLACE),
        (ChannelLists(places=only("P2")), ALONE, Refusal.PLACE),
        (ChannelLists(places=only("P2", "direct")), ALONE, None),
        (ChannelLists(places=only("P2"), people=only("U1")), ALONE, None),
        (ChannelLists(places=but("direct"), people=only("U1")), ALONE, Refusal.PLACE),
        (ChannelLists(places=but("direct")), ADA, None),
        (ChannelLists(people=only("U1")), ADA, None),
        (ChannelLists(people=only("@ada_l")), ADA, None),
        (ChannelLists(people=only("U2")), ADA, Refusal.PERSON),
        (ChannelLists(people=but("@ada_l")), ADA, Refusal.PERSON),
        (ChannelLists(people=AccessList(frozenset({"U1"}), frozenset({"@ada_l"}))), ADA, Refusal.PERSON),
    ],
)
def test_each_list_has_to_let_a_question_pass(lists: ChannelLists, asked: Question, refusal: Refusal | None) -> None:
    """A19: who is denied is refused even where allowed."""
    policy = AccessPolicy({"fake": lists})
    assert policy.refusal(asked) is refusal
    assert policy.refusal(Withdrawal(asked.origin)) is refusal


@pytest.mark.parametrize(
    ("emails", "email", "passes"),
    [
        (only("corp.example"), "ada@corp.example", True),
        (only("corp.example"), "ada@CORP.example", True),
        (only("corp.example"), "ada@evil.example", False),
        (only("corp.example"), "ada@sub.corp.example", False),
        (only("corp.example"), "corp.example", False),
        (only("corp.example"), "", False),
        (but("evil.example"), "ada@corp.example", True),
        (but("evil.example"), "ada@evil.example", False),
        (but("evil.example"), "", False),
    ],
)
def test_an_address_has_to_be_in_an_allowed_domain(
    emails: AccessList,
    email: str,
    passes: bool,  # noqa: FBT001 - a table
) -> None:
    """A19: no one without a known address passes where the domain decides."""
    policy = AccessPolicy(emails=emails)
    assert policy.needs_email(ADA)
    assert policy.admits_email(ADA, email) is passes


def test_a_program_needs_no_address_where_it_is_allowed_by_name() -> None:
    workflow = _question(Person("B1", is_program=True))
    assert AccessPolicy(emails=only("corp.example")).needs_email(workflow)
    assert not AccessPolicy({"fake": ChannelLists(people=only("B1"))}, only("corp.example")).needs_email(workflow)


@pytest.mark.parametrize(
    ("access", "refusal", "needs_email"),
    [
        (Access(allowed_users=frozenset({"U1"})), None, False),
        (Access(allowed_users=frozenset({"U2"})), Refusal.PERSON, False),
        (Access(allowed_users=frozenset()), Refusal.PERSON, False),
        (Access(denied_users=frozenset({"@ada_l"})), Refusal.PERSON, False),
        (Access(allowed_email_domains=frozenset({"corp.example"})), None, True),
    ],
)
def test_a_route_narrows_who_may_ask_there(
    access: Access,
    refusal: Refusal | None,
    needs_email: bool,  # noqa: FBT001 - a table
) -> None:
    policy = AccessPolicy(routes=RouteTable([Route(Scope(place="P1"), Choices(access=access))]))
    assert policy.refusal(ADA) is refusal
    assert policy.needs_email(ADA) is needs_email
    elsewhere = replace(ADA, origin=replace(ADA.origin, thread=replace(ADA.thread, place="P2")))
    assert policy.refusal(elsewhere) is None
