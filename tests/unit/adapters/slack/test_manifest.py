"""Each app manifest asks for what the code uses, and for nothing else."""

import re
from pathlib import Path

import pytest

from adapters.slack.inbound.http_mode import EVENTS_PATH
from adapters.slack.scopes import AGENT_VIEW_SCOPES, BOT_SCOPES
from adapters.slack.workspaces.oauth import REDIRECT_PATH
from sandbox.slack.people import AGENT_SCOPES, ALL_SCOPES

ROOT = Path(__file__).parents[4]
PLAIN, AGENT, HTTP = "slack-manifest.yaml", "slack-manifest.agent.yaml", "slack-manifest.http.yaml"
AGENT_VIEW = "agent_view.py"
HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
SCOPES = {
    "auth_test": set[str](),
    "apps_connections_open": set(),
    "api_call": set(),  # check's `apps.connections.open`
    "bots_info": {"users:read"},
    "chat_postMessage": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_appendStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "conversations_replies": HISTORY,
    "conversations_history": HISTORY,
    "conversations_info": {"channels:read", "groups:read"},
    "users_info": {"users:read", "users:read.email"},
    "users_list": {"users:read", "users:read.email"},
    "views_publish": set(),
    "reactions_add": {"reactions:write"},
    "reactions_remove": {"reactions:write"},
    "files_getUploadURLExternal": {"files:write"},
    "files_completeUploadExternal": {"files:write"},
    "assistant_threads_setStatus": {"chat:write"},
    "assistant_threads_setTitle": {"assistant:write"},
    "assistant_threads_setSuggestedPrompts": {"assistant:write"},
    "agents_sessions_setStatus": {"assistant:write"},
}
"""Methods of the SDK and the scopes they need (docs: the methods' pages)."""
EVENT_SCOPES = {
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "app_home_opened": set[str](),
    "app_uninstalled": set[str](),
    "tokens_revoked": set[str](),
    "agent_session_stopped": {"assistant:write"},
}
_URLS = (
    (r"  event_subscriptions:\n    ", "request_url"),
    (r"  interactivity:\n    is_enabled: true\n    ", "request_url"),
    (r"    - command: /talkifai\n      ", "url"),
)
_CALL = re.compile(r"client\.([a-z]+_[a-zA-Z_]+)\b(?!_session)")


def listed_under(manifest: str, name: str) -> set[str]:
    after = (ROOT / "config" / manifest).read_text().partition(f" {name}:\n")[2]
    lines = re.match(r"(?:\s*(?:-|#).*\n)+", after)
    return set(re.findall(r"^\s*- (\S+)$", lines[0], re.MULTILINE)) if lines else set()


def called(*, in_agent_view: bool) -> set[str]:
    """Return the SDK's methods that the adapter names."""
    files = [path for path in (ROOT / "adapters" / "slack").rglob("*.py") if path.name != AGENT_VIEW or in_agent_view]
    named = {name for path in files for name in _CALL.findall(path.read_text())}
    return (
        named
        - {"message_listeners", "message_processor", "message_receiver", "current_session_monitor"}
        - {
            "aiohttp_client_session",
            "base_url",
            "wss_uri",
            "is_connected",
        }
    )


@pytest.mark.parametrize(("manifest", "in_agent_view"), [(PLAIN, False), (AGENT, True), (HTTP, False)])
def test_the_scopes_are_those_of_the_calls_and_events_in_use(manifest: str, *, in_agent_view: bool) -> None:
    needed = {"commands", "files:read"}  # commands come, and files are read, without a method of the SDK
    for name in called(in_agent_view=in_agent_view):
        needed |= SCOPES[name]
    for event in listed_under(manifest, "bot_events"):
        needed |= EVENT_SCOPES[event]
    assert listed_under(manifest, "bot") == needed


def test_the_stand_in_grants_what_the_manifests_ask_for() -> None:
    assert listed_under(PLAIN, "bot") == ALL_SCOPES
    assert listed_under(AGENT, "bot") == AGENT_SCOPES
    assert listed_under(HTTP, "bot") == ALL_SCOPES


def test_whoever_installs_it_is_asked_for_what_the_manifests_ask_for() -> None:
    assert set(BOT_SCOPES) == listed_under(PLAIN, "bot")
    assert set(BOT_SCOPES + AGENT_VIEW_SCOPES) == listed_under(AGENT, "bot")
    assert listed_under(HTTP, "redirect_urls") == {f"https://bridge.example.com{REDIRECT_PATH}"}


def test_the_events_are_those_that_are_read() -> None:
    messages = {"app_mention", "message.im", "message.channels", "message.groups", "message.mpim"}
    about_the_app = {"app_home_opened", "app_uninstalled", "tokens_revoked"}
    for manifest in (PLAIN, AGENT, HTTP):
        native = {"agent_session_stopped"} if manifest == AGENT else set[str]()
        assert listed_under(manifest, "bot_events") == messages | about_the_app | native


@pytest.mark.parametrize("manifest", [PLAIN, AGENT, HTTP])
def test_it_is_an_app_that_people_can_write_to(manifest: str) -> None:
    text = (ROOT / "config" / manifest).read_text()
    assert f"socket_mode_enabled: {'false' if manifest == HTTP else 'true'}" in text
    assert "messages_tab_enabled: true" in text
    assert "messages_tab_read_only_enabled: false" in text
    assert "command: /talkifai" in text
    assert "home_tab_enabled: true" in text
    assert "interactivity:\n    is_enabled: true" in text
    assert ("  agent_view:\n    agent_description: " in text) is (manifest == AGENT)


def test_over_http_everything_goes_to_the_path_that_is_served() -> None:
    text = (ROOT / "config" / HTTP).read_text()
    events, presses, commands = (re.findall(rf"^{indent}{name}: (\S+)$", text, re.MULTILINE) for indent, name in _URLS)
    assert events + presses + commands == [f"https://bridge.example.com{EVENTS_PATH}"] * 3
