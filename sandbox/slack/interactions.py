"""The payloads of presses and of slash commands."""

from typing import Any
from uuid import uuid4

from sandbox.slack.workspace import SlackMessage, SlackWorkspace

Payload = dict[str, Any]


def click_of(space: SlackWorkspace, user: str, action_id: str, value: str) -> Payload:
    """Return a press in a person's Home tab."""
    action = {"type": "button", "action_id": action_id, "value": value, "action_ts": space.new_ts()}
    view = {"container": {"type": "view", "view_id": "V0HOME"}}
    return _actions(space, user, space.team_id, action) | view


def press_of(
    space: SlackWorkspace, user: str, message: SlackMessage, action: Payload, *, with_thread: bool = True
) -> Payload:
    """Return a press below a message. `with_thread`: whether the container names the thread."""
    person = space.people.get(user)
    team = (person.team if person is not None else "") or space.team_id
    container = {"type": "message", "message_ts": message.ts, "channel_id": message.place, "is_ephemeral": False}
    if message.thread_ts and with_thread:
        container["thread_ts"] = message.thread_ts
    pressed = action | {"block_id": "b", "action_ts": space.new_ts()}
    where = {"container": container, "channel": {"id": message.place}, "message": message.as_json()}
    return _actions(space, user, team, pressed) | where


def command_of(space: SlackWorkspace, user: str, channel: str, command: str, text: str) -> Payload:
    """Return a slash command."""
    return {
        "token": "not-to-be-used",
        "team_id": space.team_id,
        "team_domain": space.team_name.lower(),
        "channel_id": channel,
        "channel_name": space.place(channel).name,
        "user_id": user,
        "user_name": space.people[user].name,
        "command": command,
        "text": text,
        "api_app_id": space.app_id,
        "is_enterprise_install": str(space.is_organisation).lower(),
        **({"enterprise_id": space.enterprise_id} if space.enterprise_id else {}),
        "response_url": "http://127.0.0.1:9/response",
        "trigger_id": f"{uuid4().int % 10**12}.{uuid4().int % 10**9}.{uuid4().hex}",
    }


def _actions(space: SlackWorkspace, user: str, team: str, action: Payload) -> Payload:
    return {
        "type": "block_actions",
        "team": {"id": space.team_id},
        "user": {"id": user, "team_id": team},
        "api_app_id": space.app_id,
        "trigger_id": uuid4().hex,
        "actions": [action],
    }
