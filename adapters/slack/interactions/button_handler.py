"""A press below a reply is kept like a question, and answered to who pressed alone."""

import logging
import re
from collections.abc import Mapping
from functools import partial
from time import time
from typing import assert_never

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import CHANNEL
from adapters.slack.api.identity import BotIdentity
from adapters.slack.format.buttons import Pressed
from adapters.slack.interactions.ephemeral import tell_alone
from adapters.slack.options import SlackOptions
from adapters.slack.people.directory import People, foreign_team
from bridge.domain.errors import BridgeError
from bridge.domain.incoming import Command, CommandName, IntakeResult, Origin, Rating, Stop
from bridge.domain.notices import Notice
from bridge.domain.pages import Button
from bridge.domain.threads import Address, Person, ThreadKey
from bridge.ports.channel import Accept
from bridge.ports.stores.key_value import KeyValueStore
from bridge.ports.stores.sessions import SessionStore
from bridge.runtime.background_queue import BackgroundQueue
from bridge.texts.catalog import texts_in

_LOG = logging.getLogger(__name__)
_ID = re.compile(r"[A-Z][A-Z0-9]{1,40}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_REFUSED, _AGAIN_WITHIN_S = "slack:refused-presses", 3600.0
_ENDS = (CommandName.NEW, CommandName.END)
_TOLD = {
    IntakeResult.NOTHING: Notice.NOTHING_TO_STOP,
    IntakeResult.NOT_YOURS: Notice.NOT_YOUR_ANSWER,
    IntakeResult.FULL: Notice.BUSY,
    IntakeResult.REFUSED: Notice.NOT_ALLOWED,
    IntakeResult.RATED: Notice.RATED,
    IntakeResult.ALREADY: Notice.PERSON_ANSWERS,
    IntakeResult.OFF: Notice.SWITCHED_OFF,
}


class Presses:
    """Obeys what is pressed below replies in one workspace."""

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: BotIdentity,
        people: People,
        options: SlackOptions,
        sessions: SessionStore | None,
        marks: KeyValueStore | None,
        background: BackgroundQueue,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._people = people
        self._account = workspace.account
        self._options = options
        self._sessions = sessions
        self._marks = marks
        self._background = background

    async def obey(self, payload: Mapping[str, object], pressed: Pressed, accept: Accept) -> None:
        """Keep what a press asks for. When it returns, that is done durably. Raises `StoreUnavailable`."""
        origin = self._origin(payload, pressed)
        if origin is None:
            return
        wish = self._wish(origin, pressed, _message_id(payload))
        notice = await self._refusal(wish) if isinstance(wish, Command) else None
        if notice and self._marks is not None and not await self._marks.use(_REFUSED, origin.id, _AGAIN_WITHIN_S):
            return  # Slack delivered it a second time
        if notice is None:
            became = await accept(wish)
            is_unrated = became is IntakeResult.NOTHING and isinstance(wish, Rating)
            notice = Notice.TOO_LATE_TO_RATE if is_unrated else _TOLD.get(became)
            if became is IntakeResult.NOT_YOURS and isinstance(wish, Command):
                notice = Notice.NOT_YOURS_TO_TAKE
        if notice is not None:
            self._background.add(partial(self._tell, origin, notice))

    def _wish(self, origin: Origin, pressed: Pressed, message_id: str) -> Command | Stop | Rating:
        match pressed.control:
            case Button.STOP:
                return Stop(origin, pressed.about, owner_only=self._options.control == "asker")
            case Button.GOOD | Button.BAD:
                return Rating(origin, pressed.about, is_good=pressed.control is Button.GOOD)
            case Button.RETRY | Button.NEW | Button.END:
                return Command(origin, CommandName(pressed.control.value), pressed.about)
            case Button.AGAIN:
                return Command(origin, CommandName.RETRY, pressed.about, offer_id=message_id)
            case Button.HUMAN:
                owner_only = self._options.control == "asker"
                return Command(origin, CommandName.HUMAN, pressed.about, owner_only=owner_only)
            case _:
                assert_never(pressed.control)

    def _origin(self, payload: Mapping[str, object], pressed: Pressed) -> Origin | None:
        user, container, actions = payload.get("user"), payload.get("container"), payload.get("actions")
        person = user.get("id") if isinstance(user, Mapping) else None
        where = container if isinstance(container, Mapping) else {}
        action = actions[0] if isinstance(actions, list) else {}
        place, message, at = where.get("channel_id"), where.get("message_ts"), action.get("action_ts")
        below = payload.get("message")
        root = where.get("thread_ts") or (below.get("thread_ts") if isinstance(below, Mapping) else "") or ""
        if not (_is(_ID, person) and _is(_ID, place) and _is(_TS, message) and _is(_TS, at)):
            return None
        if root and not _is(_TS, root):
            return None
        is_flat = str(place).startswith("D") and not self._options.threads_in_dms
        thread = ThreadKey(CHANNEL, self._account, str(place), "" if is_flat else str(root))
        # All of it names one press; the same for every delivery of it.
        name = f"slack:{self._account}:{place}:press:{person}:{message}:{pressed.control.value}:{at}"
        return Origin(
            id=name,
            dedupe_keys=(name,),
            thread=thread,
            address=Address(account=self._account, place=str(place), thread=str(root)),
            person=Person(str(person)),
            asked_at=time(),
            is_direct=str(place).startswith("D"),
            metadata={
                "source": CHANNEL,
                "team": self._account,
                "channel": str(place),
                "thread": thread.thread,
                **self._team_of(user),
            },
        )

    def _team_of(self, user: object) -> dict[str, str]:
        """Return the team of a person from another organisation, from a message's metadata."""
        team = user.get("team_id") if isinstance(user, Mapping) else None
        # A press does not say whether its channel is shared: in Enterprise Grid the look-up of the person tells.
        found = foreign_team(team, self._workspace, is_shared=False)
        return {"person_team": found} if found else {}

    async def _refusal(self, command: Command) -> Notice | None:
        """Say why this person may not, or cannot, end the conversation; None otherwise."""
        if command.name not in _ENDS or self._sessions is None:
            return None
        session = await self._sessions.current(command.thread)
        if session is None:
            return Notice.NOTHING_OPEN if command.name is CommandName.END else None
        is_theirs = session.person_id == command.person.id or self._options.control == "anyone"
        return None if is_theirs else Notice.NOT_YOURS

    async def _tell(self, origin: Origin, notice: Notice) -> None:
        """Tell who pressed, so that no other person sees it. Best effort."""
        texts = texts_in((await self._people.locale(origin.person.id)).language)
        try:
            await tell_alone(self._client, origin, texts(notice))
        except BridgeError as error:
            _LOG.info("A person pressed a button and could not be answered: %s", error)


def _message_id(payload: Mapping[str, object]) -> str:
    container = payload.get("container")
    return str(container.get("message_ts", "")) if isinstance(container, Mapping) else ""


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None
