import itertools
from dataclasses import fields, replace

import pytest

from bridge.access.routes import Choices, Route, RouteTable, Scope, command_of
from bridge.domain.incoming import CommandName, Question
from bridge.domain.threads import Address, Person, ThreadKey
from tests import fakes

NAMES = [one.name for one in fields(Scope)]
SCOPE = Scope("slack", "T1", "C1", "7", "sales", "U1")


def route(agent: str | None = None, idle_timeout_s: float | None = None, **where: str) -> Route:
    return Route(Scope(**where), Choices(agent_id=agent, idle_timeout_s=idle_timeout_s))


@pytest.mark.parametrize(("lesser", "greater"), list(itertools.pairwise(NAMES)))
def test_a_more_specific_condition_counts_for_more(lesser: str, greater: str) -> None:
    routes = [route(name, **{name: getattr(SCOPE, name)}) for name in (greater, lesser)]
    for order in (routes, routes[::-1]):
        assert RouteTable(order).choices_at(SCOPE).agent_id == greater


def test_two_conditions_count_for_more_than_one_of_them() -> None:
    table = RouteTable([route("one", place="C1"), route("both", place="C1", channel="slack")])
    assert table.choices_at(SCOPE).agent_id == "both"
    assert table.choices_at(replace(SCOPE, channel="telegram")).agent_id == "one"


def test_each_choice_comes_from_the_most_specific_route_that_makes_it() -> None:
    table = RouteTable(
        [route("everywhere", 60.0, channel="slack"), route("here", place="C1"), route(None, 5.0, place="C2")]
    )
    assert table.choices_at(SCOPE) == Choices(agent_id="here", idle_timeout_s=60.0)
    assert table.choices_at(replace(SCOPE, place="C2")) == Choices(agent_id="everywhere", idle_timeout_s=5.0)
    assert table.choices_at(Scope("telegram", "1", "C1")) == Choices(agent_id="here")


def test_a_choice_of_nothing_counts() -> None:
    table = RouteTable(
        [
            Route(Scope(channel="slack"), Choices(greeting="Hi", prompts=("a",))),
            Route(Scope(place="C1"), Choices(greeting="", prompts=())),
        ]
    )
    assert table.choices_at(SCOPE) == Choices(greeting="", prompts=())


def test_a_question_comes_from_its_thread_its_person_and_its_command() -> None:
    sent = replace(
        fakes.origin(person=Person("U1", "Ada")),
        thread=ThreadKey("telegram", "100", "-5", "7"),
        address=Address("100", "-5", "7", "33"),
    )
    question = Question(sent, "/Sales what does it cost?")
    assert Scope.of(question) == Scope("telegram", "100", "-5", "7", "sales", "U1")


def test_a_command_of_the_bridge_is_routed_by_its_place_and_its_person() -> None:
    table = RouteTable([route("here", place=fakes.THREAD.place), route("sales", command="start")])
    routed = table.route(fakes.command(CommandName.START))
    assert (routed.choices.agent_id, routed.text, routed.by_command) == ("here", "", False)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/sales what?", "sales"),
        ("/SALES", "sales"),
        ("/sales\nwhat?", "sales"),
        ("/sales-team what?", ""),
        ("/usr/bin", ""),
        ("say /sales", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_a_command_is_a_word_of_its_own_at_the_beginning(text: str, command: str) -> None:
    assert command_of(text) == command


@pytest.mark.parametrize(
    ("text", "left"),
    [("/sales what?", "what?"), ("/sales", "/sales"), ("/other what?", "/other what?"), ("what?", "what?")],
)
def test_the_agent_does_not_read_the_command_of_a_route(text: str, left: str) -> None:
    table = RouteTable([route("sales", command="sales")])
    assert table.route(fakes.question(text)).text == left


def test_other_routes_hold_from_one_question_to_the_next() -> None:
    table = RouteTable([route("before", place="C1")])
    table.replace([route("after", place="C1")])
    assert table.choices_at(SCOPE).agent_id == "after"
