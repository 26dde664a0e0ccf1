"""The payloads that Slack sends of what happens."""

import time
from typing import Any
from uuid import uuid4

from sandbox.slack.workspace import SlackMessage, SlackWorkspace

Event = dict[str, Any]

_CHANNEL_TYPES = {"channel": "channel", "group": "group", "mpim": "mpim", "im": "im"}


def payload_of(workspace: SlackWorkspace, event: Event) -> dict[str, Any]:
    """Wrap an event as the Events API does, under a new event id."""
    return {
        "token": "not-to-be-used",
        "team_id": workspace.team_id,
        "api_app_id": workspace.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{uuid4().hex[:10].upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": workspace.enterprise_id or None,
                "team_id": workspace.team_id,
                "user_id": workspace.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": workspace.is_organisation,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": uuid4().hex,
    }


def message_event(workspace: SlackWorkspace, message: SlackMessage, **more: Any) -> Event:
    """Return the `message` event of a new message."""
    place = workspace.place(message.place)
    return {
        **message.as_json(),
        "team": workspace.team_id,
        "channel": message.place,
        "event_ts": message.ts,
        "channel_type": _CHANNEL_TYPES[place.kind],
        **more,
    }


def mention_event(workspace: SlackWorkspace, message: SlackMessage, **more: Any) -> Event:
    """Return the `app_mention` event of a new message: it names no `channel_type`."""
    event = message_event(workspace, message, **more)
    del event["channel_type"]
    return {**event, "type": "app_mention"}


def changed_event(workspace: SlackWorkspace, message: SlackMessage, before: Event) -> Event:
    """Return the `message_changed` event of an edit."""
    return _about(workspace, message, "message_changed", {"message": message.as_json(), "previous_message": before})


def deleted_event(workspace: SlackWorkspace, message: SlackMessage) -> Event:
    """Return the `message_deleted` event."""
    facts = {"deleted_ts": message.ts, "previous_message": message.as_json()}
    return _about(workspace, message, "message_deleted", facts)


def _about(workspace: SlackWorkspace, message: SlackMessage, subtype: str, facts: Event) -> Event:
    now = workspace.new_ts()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": message.place,
        "ts": now,
        "event_ts": now,
        "channel_type": _CHANNEL_TYPES[workspace.place(message.place).kind],
        **facts,
    }
