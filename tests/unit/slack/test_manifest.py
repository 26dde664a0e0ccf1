"""The app's manifest asks for what the code uses, and for nothing else."""

import re
from pathlib import Path

from sandbox.slack.server import ALL_SCOPES

MANIFEST = Path(__file__).parents[3] / "config" / "slack-manifest.yaml"


def listed_under(name: str) -> set[str]:
    after = MANIFEST.read_text().partition(f" {name}:\n")[2]
    lines = re.match(r"(?:\s*(?:-|#).*\n)+", after)
    return set(re.findall(r"^\s*- (\S+)$", lines[0], re.MULTILINE)) if lines else set()


def test_the_scopes_are_those_of_the_calls_and_events_in_use() -> None:
    assert listed_under("bot") == ALL_SCOPES


def test_the_events_are_those_that_become_questions() -> None:
    events = {"app_mention", "message.im", "message.channels", "message.groups", "message.mpim"}
    assert listed_under("bot_events") == events


def test_it_is_a_socket_mode_app_that_people_can_write_to() -> None:
    text = MANIFEST.read_text()
    assert "socket_mode_enabled: true" in text
    assert "messages_tab_enabled: true" in text
    assert "messages_tab_read_only_enabled: false" in text
    assert "agent_view" not in text
