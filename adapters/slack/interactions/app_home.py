"""The App Home tab: what the bot is, what to ask, and the conversations that a person has open."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, translated
from adapters.slack.api.identity import BotIdentity
from adapters.slack.interactions.slash_commands import SessionsOf, link_to, origin_of
from adapters.slack.interactions.suggestions import Suggestions
from adapters.slack.people.directory import People
from bridge.domain.errors import BridgeError, StoreUnavailable
from bridge.domain.incoming import Command, CommandName, Queued
from bridge.domain.notices import Label, Notice, Phrase
from bridge.domain.sessions import Session
from bridge.ports.channel import Accept
from bridge.runtime.background_queue import BackgroundQueue
from bridge.texts.catalog import Texts, texts_in

_LOG = logging.getLogger(__name__)
_END = "talkifai_end"
_HOME = "home"
_CALL_S = 3.0
_MOST_LISTED = 20

Block = dict[str, Any]


class Home:
    """Publishes the tab for the person who opens it, and handles its buttons."""

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: BotIdentity,
        sessions_of: SessionsOf,
        people: People,
        suggestions: Suggestions,
        background: BackgroundQueue,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._sessions_of = sessions_of
        self._people = people
        self._suggestions = suggestions
        self._background = background

    def opened(self, payload: Mapping[str, object]) -> None:
        """Show the tab soon to the person who opened it; ignore every other payload. Does not wait."""
        event = payload.get("event")
        if isinstance(event, Mapping) and event.get("type") == "app_home_opened" and event.get("tab") == _HOME:
            self._show(event.get("user"))

    def settled(self, queued: Queued) -> None:
        """Show the tab anew to a person who ended a conversation in it."""
        if f":trigger:{_HOME}:" in queued.id:
            self._show(queued.person.id)

    async def obey(self, payload: Mapping[str, object], accept: Accept) -> None:
        """Keep what a click asks for: only the person's own conversations can be ended. Raises `StoreUnavailable`."""
        user, actions = payload.get("user"), payload.get("actions")
        person = user.get("id") if isinstance(user, Mapping) else None
        action = actions[0] if isinstance(actions, list) and actions else None
        if not isinstance(person, str) or not isinstance(action, Mapping) or action.get("action_id") != _END:
            return
        for session in await self._sessions_of(person):
            if str(session.thread) == action.get("value"):
                # The conversation's own id: a second click, or a second delivery of it, is the same wish.
                trigger = f"{_HOME}:{session.conversation.id}"
                await accept(Command(origin_of(session.thread, person, trigger), CommandName.END))

    def _show(self, person: object) -> None:
        if isinstance(person, str) and person:
            self._background.add(partial(self._publish, person))

    async def _publish(self, person: str) -> None:
        try:
            prompts = self._suggestions.of(self._workspace.account, "", person)
            texts = texts_in((await self._people.locale(person)).language)
            view = home_view(texts, await self._sessions_of(person), prompts, self._workspace)
            with translated(Call("views.publish")):
                async with asyncio.timeout(_CALL_S):
                    await self._client.views_publish(user_id=person, view=view)
        except StoreUnavailable:
            _LOG.warning("The App Home tab could not be shown: the store does not answer.")
        except BridgeError as error:
            _LOG.info("The App Home tab could not be shown: %s", error)


def home_view(
    texts: Texts, sessions: Sequence[Session], prompts: Sequence[str], workspace: BotIdentity
) -> dict[str, Any]:
    """Return the tab as Slack's blocks. Pure."""
    blocks = [_section(texts(Notice.HOME))]
    if prompts:
        listed = "\n".join(f"• {_plain(prompt)}" for prompt in prompts)
        blocks.append(_section(f"*{texts(Notice.SUGGESTIONS)}*\n{listed}"))
    blocks.append(_section(f"*{texts(Notice.YOUR_CONVERSATIONS)}*" if sessions else texts(Notice.NONE_OF_YOURS)))
    blocks += [_conversation(texts, session, workspace) for session in sessions[:_MOST_LISTED]]
    more = len(sessions) - _MOST_LISTED
    return {"type": "home", "blocks": [*blocks, *([_section(texts(Phrase.AND_MORE, count=more))] if more > 0 else [])]}


def _conversation(texts: Texts, session: Session, workspace: BotIdentity) -> Block:
    since = round(session.opened_at)
    opened = f"<!date^{since}^{{date_short_pretty}} {{time}}|{texts(Phrase.OPENED_BEFORE)}>"
    return _section(texts(Phrase.OPENED_SINCE, conversation=link_to(texts, session.thread, workspace), time=opened)) | {
        "accessory": {
            "type": "button",
            "action_id": _END,
            "text": {"type": "plain_text", "text": texts(Label.END)},
            "value": str(session.thread),
        }
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
