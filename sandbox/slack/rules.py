"""What Slack checks before it does anything: scopes, places, threads, and whose a message is."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.slack.workspace import SlackMessage, SlackPlace, SlackWorkspace

Params = Mapping[str, Any]
Answer = dict[str, Any]
TS = re.compile(r"\d{10,12}\.\d{6}")


class Refused(Exception):
    """`ok: false`, with Slack's code."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Rules:
    """The checks, for whatever has methods."""

    def __init__(self, workspace: SlackWorkspace, scopes: set[str]) -> None:
        self._workspace = workspace
        self._scopes = scopes

    @property
    def workspace(self) -> SlackWorkspace:
        """Whose methods they are."""
        return self._workspace

    def _need(self, scope: str) -> None:
        if scope and scope not in self._scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self._scopes)))

    def _place(self, params: Params) -> SlackPlace:
        place = self._workspace.places.get(str(params.get("channel")))
        if place is None:
            raise Refused("channel_not_found")
        return place

    def _writable(self, params: Params) -> SlackPlace:
        place = self._place(params)
        if place.is_archived:
            raise Refused("is_archived")
        if not place.bot_is_member:
            raise Refused("not_in_channel")
        if place.refuses_posts:
            raise Refused(place.refuses_posts)
        return place

    def _thread_in(self, place: SlackPlace, params: Params) -> str:
        if params.get("thread_ts") is None:
            return ""
        thread_ts = params["thread_ts"]
        if not isinstance(thread_ts, str) or not TS.fullmatch(thread_ts):
            raise Refused("invalid_thread_ts")
        if self._workspace.standing(place.id, thread_ts) is None:
            raise Refused("thread_not_found")
        return thread_ts

    def _own(self, params: Params, foreign: str) -> SlackMessage:
        place = self._writable(params)
        message = self._workspace.standing(place.id, str(params.get("ts")))
        if message is None:
            raise Refused("message_not_found")
        if message.bot_id != self._workspace.bot_id:
            raise Refused(foreign)
        return message


def metadata_in(params: Params) -> Params:
    """Return a message's metadata, valid; empty where none is given."""
    metadata = params.get("metadata")
    if metadata is None:
        return {}
    is_valid = isinstance(metadata, dict) and isinstance(metadata.get("event_type"), str)
    if not is_valid or not isinstance(metadata.get("event_payload"), dict):
        raise Refused("invalid_metadata_format")
    return dict(metadata)
