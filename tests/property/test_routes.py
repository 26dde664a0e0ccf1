"""Routes: whatever the operator writes, in whatever order, the most specific one decides."""

from dataclasses import fields
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bridge.access.routes import Choices, Route, RouteTable, Scope
from bridge.domain.pages import Streaming

NAMES = [one.name for one in fields(Scope)]

_ids = st.sampled_from(["", "a", "b"])
_scopes = st.builds(Scope, *[_ids] * len(NAMES))
_choices = st.builds(
    Choices,
    agent_id=st.sampled_from([None, "x", "y", "z"]),
    idle_timeout_s=st.sampled_from([None, 1.0, 2.0]),
    streaming=st.sampled_from([None, *Streaming]),
    greeting=st.sampled_from([None, "", "hi"]),
)
_routes = st.lists(st.builds(Route, _scopes, _choices), unique_by=lambda one: one.scope, max_size=12)


@given(_routes, _scopes, st.randoms())
def test_the_order_of_the_routes_does_not_matter(routes: list[Route], scope: Scope, random: Random) -> None:
    shuffled = list(routes)
    random.shuffle(shuffled)
    assert RouteTable(shuffled).choices_at(scope) == RouteTable(routes).choices_at(scope)


@given(_routes, _scopes)
def test_every_choice_is_made_by_a_route_that_fits_and_by_none_more_specific(routes: list[Route], scope: Scope) -> None:
    made = RouteTable(routes).choices_at(scope)
    for name in (one.name for one in fields(Choices)):
        makers = [one for one in routes if one.fits(scope) and getattr(one.choices, name) is not None]
        best = max(makers, key=lambda one: one.specificity, default=None)
        assert getattr(made, name) == (getattr(best.choices, name) if best else None)


@given(_routes, st.builds(Route, _scopes, _choices), _scopes)
def test_a_route_that_does_not_fit_changes_nothing(routes: list[Route], other: Route, scope: Scope) -> None:
    if not other.fits(scope) and all(one.scope != other.scope for one in routes):
        assert RouteTable([*routes, other]).choices_at(scope) == RouteTable(routes).choices_at(scope)


@given(_scopes, _scopes)
def test_a_route_fits_where_every_named_condition_is_met(where: Scope, scope: Scope) -> None:
    met = all(getattr(where, name) in ("", getattr(scope, name)) for name in NAMES)
    assert Route(where, Choices()).fits(scope) is met
