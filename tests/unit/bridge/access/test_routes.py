import itertools
from dataclasses import fields, replace

import pytest

from bridge.access.routes import Choices, Origin, Route, RouteTable, command_of
from bridge.domain.incoming import Question
from bridge.domain.threads import Address, Person, ThreadKey
from tests import fakes

NAMES = [one.name for one in fields(Origin)]
ORIGIN = Origin("slack", "T1", "C1", "7", "sales", "U1")


def route(agent: str | None = None, idle_timeout_s: float | None = None, **where: str) -> Route:
    return Route(Origin(**where), Choices(agent_id=agent, idle_timeout_s=idle_timeout_s))


@pytest.mark.parametrize(("lesser", "greater"), list(itertools.pairwise(NAMES)))
def test_a_more_specific_condition_counts_for_more(lesser: str, greater: str) -> None:
    routes = [route(name, **{name: getattr(ORIGIN, name)}) for name in (greater, lesser)]
    for order in (routes, routes[::-1]):
        assert RouteTable(order).choices_at(ORIGIN).agent_id == greater


def test_two_conditions_count_for_more_than_one_of_them() -> None:
    table = RouteTable([route("one", place="C1"), route("both", place="C1", channel="slack")])
    assert table.choices_at(ORIGIN).agent_id == "both"
    assert table.choices_at(replace(ORIGIN, channel="telegram")).agent_id == "one"


def test_each_choice_comes_from_the_most_specific_route_that_makes_it() -> None:
    table = RouteTable(
        [route("everywhere", 60.0, channel="slack"), route("here", place="C1"), route(None, 5.0, place="C2")]
    )
    assert table.choices_at(ORIGIN) == Choices(agent_id="here", idle_timeout_s=60.0)
    assert table.choices_at(replace(ORIGIN, place="C2")) == Choices(agent_id="everywhere", idle_timeout_s=5.0)
    assert table.choices_at(Origin("telegram", "1", "C1")) == Choices(agent_id="here")


def test_a_choice_of_nothing_counts() -> None:
    table = RouteTable(
        [
            Route(Origin(channel="slack"), Choices(greeting="Hi", prompts=("a",))),
            Route(Origin(place="C1"), Choices(greeting="", prompts=())),
        ]
    )
    assert table.choices_at(ORIGIN) == Choices(greeting="", prompts=())


def test_a_question_comes_from_its_thread_its_person_and_its_command() -> None:
    sent = replace(
        fakes.origin(person=Person("U1", "Ada")),
        thread=ThreadKey("telegram", "100", "-5", "7"),
        address=Address("100", "-5", "7", "33"),
    )
    question = Question(sent, "/Sales what does it cost?")
    assert Origin.of(question) == Origin("telegram", "100", "-5", "7", "sales", "U1")


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
    assert table.without_command(fakes.question(text)) == left


def test_other_routes_hold_from_one_question_to_the_next() -> None:
    table = RouteTable([route("before", place="C1")])
    table.replace([route("after", place="C1")])
    assert table.choices_at(ORIGIN).agent_id == "after"
