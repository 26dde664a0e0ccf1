"""Slack as the page draws it: the messages exactly as the bridge sent them, statuses, Home tabs."""

import time
from collections.abc import Iterator
from typing import Any

from sandbox.playground.cast import BOT, SLACK_CHANNELS, SLACK_PEOPLE, dm_of
from sandbox.playground.playground import Playground
from sandbox.playground.show.changes import Changes
from sandbox.slack.workspace import SlackMessage

_MESSAGES, _EPHEMERALS = 250, 50


class SlackView:
    """Draws up items for the board."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._slack = playground.stage.slack
        self._changes = Changes(self._slack.ledger)
        self._statuses: dict[tuple[str, str], tuple[float, str]] = {}
        self._calls_read = 0

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield everything under its key."""
        self._changes.read()
        self._read_statuses()
        space = self._slack.workspace
        yield (
            "slack.places",
            [
                *({"id": channel, "name": name, "kind": "channel"} for channel, name in SLACK_CHANNELS.items()),
                *({"id": dm_of(user), "name": BOT, "kind": "im", "of": user} for user in SLACK_PEOPLE),
            ],
        )
        yield "slack.people", {**SLACK_PEOPLE, space.bot_user_id: BOT}
        standing = [message for message in space.messages.values() if not message.deleted]
        for message in standing[-_MESSAGES:]:
            yield f"slack.message/{message.place}/{message.ts}", self._message(message)
        yield from self._beside()

    def _message(self, message: SlackMessage) -> dict[str, Any]:
        change = self._changes.of(message.ts)
        notes = self._playground.notes
        by_people = notes.reactions.get(message.ts, {})
        return {
            "place": message.place,
            "ts": message.ts,
            "thread": message.thread_ts,
            "user": message.user,
            "bot": bool(message.bot_id),
            "text": message.text,
            "blocks": message.blocks,
            "edited": message.edited and not message.bot_id,
            "edits": change.edits,
            "changed": round(change.at, 1),
            "live": message.ts in self._slack.api.streams.live,
            "reactions": [[name, BOT] for name in sorted(message.reactions)]
            + [[emoji, SLACK_PEOPLE[user]] for user, emoji in by_people.items()],
            "file": notes.files.get(message.ts, "") or ", ".join(file["name"] for file in message.files),
        }

    def _beside(self) -> Iterator[tuple[str, Any]]:
        api = self._slack.api
        for (place, thread), (at, status) in self._statuses.items():
            if status and not self._was_posted_since(place, thread, at):
                yield f"slack.status/{place}/{thread}", {"place": place, "thread": thread, "text": status}
        for user, view in api.homes.items():
            yield f"slack.home/{user}", view
        for (place, thread), title in api.titles.items():
            yield f"slack.title/{place}/{thread}", title
        for (place, thread), state in {(place, thread): state for place, thread, state in api.session_states}.items():
            yield f"slack.state/{place}/{thread}", state
        for place, prompts in api.prompts.items():
            yield f"slack.prompts/{place}", prompts
        alone = [*api.ephemerals[-_EPHEMERALS:], *self._playground.notes.answers[-_EPHEMERALS:]]
        for number, (place, user, thread, text) in enumerate(alone):
            facts = {"place": place, "user": user, "thread": thread, "text": text}
            yield f"slack.alone/{number}", facts

    def _read_statuses(self) -> None:
        """Slack takes a status away when the app posts in its thread, or sets an empty one."""
        calls = self._slack.calls
        shift = time.time() - time.monotonic()
        for call in calls[self._calls_read :]:
            if call.method == "assistant.threads.setStatus" and call.answer == "ok":
                key = (str(call.params["channel_id"]), str(call.params["thread_ts"]))
                self._statuses[key] = (call.at + shift, str(call.params["status"]))
        self._calls_read = len(calls)

    def _was_posted_since(self, place: str, thread: str, at: float) -> bool:
        ours = (
            message
            for message in self._slack.workspace.messages.values()
            if message.place == place and message.bot_id and thread in (message.thread_ts, "")
        )
        return any(float(message.ts) >= at for message in ours)
