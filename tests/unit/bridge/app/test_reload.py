import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.access.routes import Access, Budgets, Choices, Route, Scope
from bridge.app.routes import routes_of
from bridge.app.serving.reload import Reload
from bridge.domain.pages import Streaming
from config.reading.loading import load_settings
from config.reading.validation import validated
from config.routes import RouteSettings
from config.settings import Settings, SettingsError

AGENT = "8d8ac610-566d-4ef0-9c22-186b2a5ed793"


def settings(**more: str) -> Settings:
    given = {"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": AGENT, **more}
    return load_settings(env_file=None, need_channel=False, overrides=given)


async def reload(read: Callable[[], Settings]) -> list[Settings]:
    applied: list[Settings] = []
    await Reload(settings(), read, applied.append)()
    return applied


async def test_what_was_read_is_applied_and_the_rest_waits_for_a_start(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    changed = settings(BRIDGE_MAX_PAGES="7", SLACK_EMAILS="no", SLACK_EMAIL="off")
    assert await reload(lambda: changed) == [changed]
    assert [record.message for record in caplog.records] == [
        "SLACK_EMAIL: is no setting of the bridge and is ignored. Did you mean SLACK_EMAILS?",
        "SLACK_EMAILS was changed: that takes effect at the next start",
        "BRIDGE_MAX_PAGES was changed: that takes effect at the next start",
        "reloaded: 0 routes, 0 own texts",
    ]


async def test_wrong_settings_change_nothing_and_each_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def read() -> Settings:
        raise SettingsError("one: is wrong.", "two: is wrong.")

    assert await reload(read) == []
    assert [record.message for record in caplog.records] == [
        "not reloaded: one: is wrong.",
        "not reloaded: two: is wrong.",
    ]


def test_every_choice_of_a_route_reaches_the_core() -> None:
    route = validated(
        RouteSettings,
        {
            "channel": "slack",
            "workspace": "T1",
            "place": "C1",
            "topic": 7,
            "command": "Sales",
            "person": "U1",
            "agent": AGENT,
            "idle_timeout": 5,
            "streaming": "native",
            "greeting": "Hi",
            "prompts": ["a"],
            "access": {"allowed_users": ["U1"], "denied_users": ["U2"], "allowed_email_domains": ["Example.com"]},
            "budgets": {
                "person_live_turns": 1,
                "person_questions_per_hour": 2,
                "person_open_sessions": 3,
                "person_messages_per_day": 4,
                "place_messages_per_day": 5,
            },
        },
    )
    (made,) = routes_of(replace(settings(), routes=(route,)))
    assert made == Route(
        Scope("slack", "T1", "C1", "7", "sales", "U1"),
        Choices(
            agent_id=AGENT,
            idle_timeout_s=5.0,
            streaming=Streaming.NATIVE,
            greeting="Hi",
            prompts=("a",),
            access=Access(frozenset({"U1"}), frozenset({"U2"}), frozenset({"example.com"})),
            budgets=Budgets(1, 2, 3, 4, 5),
        ),
    )
