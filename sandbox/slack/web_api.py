"""The methods of the Web API, strict about what Slack is strict about."""

from collections.abc import Callable
from typing import Any

from adapters.slack.limits import POST_TEXT_CHARS
from sandbox.slack.assumptions import Assumptions
from sandbox.slack.blocks import content_of, is_home_block
from sandbox.slack.facts import UPDATE_TEXT_CHARS
from sandbox.slack.files import Files
from sandbox.slack.history import newer, one_page
from sandbox.slack.rules import TS, Answer, Params, Refused, Rules, metadata_in
from sandbox.slack.streams import Streams
from sandbox.slack.workspace import SlackMessage, SlackPerson, SlackPlace, SlackWorkspace

_HISTORY_SCOPES = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
    "mpim": "mpim:history",
}
_INFO_SCOPES = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}
_PROMPTS = 4
_HOME_BLOCKS = 100
_SESSION_STATES = ("processing", "active", "suspended", "closed")


class WebApi(Rules):
    """Slack's methods over one workspace. What happens to messages goes to the callbacks."""

    def __init__(
        self,
        workspace: SlackWorkspace,
        scopes: set[str],
        posted: Callable[[SlackMessage, Params], None],
        edited: Callable[[SlackMessage, Answer, Params], None],
        deleted: Callable[[SlackMessage], None],
        assumptions: Assumptions,
        address: Callable[[], str],
    ) -> None:
        super().__init__(workspace, scopes)
        self.streams = Streams(workspace, scopes, posted, edited)
        self.files = Files(workspace, scopes, posted, address)
        self._posted = posted
        self._edited = edited
        self._deleted = deleted
        self._assumptions = assumptions
        self.statuses: list[tuple[str, str, str]] = []
        """Channel, thread and text of each status set."""
        self.homes: dict[str, dict[str, Any]] = {}
        """The Home tab as each person sees it."""
        self.titles: dict[tuple[str, str], str] = {}
        self.prompts: dict[str, list[str]] = {}
        self.session_states: list[tuple[str, str, str]] = []
        """Channel, thread and state of each state that a thread of the agent view was set to."""
        self.reacted: list[tuple[str, str]] = []
        """`ts` and name of each reaction that was ever added."""
        self.ephemerals: list[tuple[str, str, str, str]] = []
        """Channel, user, thread and text of each message that one person alone sees."""
        self._methods: dict[str, Callable[[Params], Answer]] = {
            **self.files.methods,
            "auth.test": self._auth_test,
            "bots.info": self._bot,
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "reactions.add": self._react,
            "reactions.remove": self._unreact,
            "conversations.replies": self._replies,
            "conversations.history": self._history,
            "conversations.info": self._info,
            "users.info": self._user,
            "users.list": self._users,
            "assistant.threads.setStatus": self._set_status,
            "assistant.threads.setTitle": self._set_title,
            "assistant.threads.setSuggestedPrompts": self._set_prompts,
            "agents.sessions.setStatus": self._set_session_status,
            "views.publish": self._publish,
            "chat.startStream": self.streams.start,
            "chat.appendStream": self.streams.append,
            "chat.stopStream": self.streams.stop,
        }

    def call(self, method: str, params: Params) -> Answer:
        """Run a method. Raises `Refused`."""
        known = self._methods.get(method)
        if known is None:
            raise Refused("unknown_method", req_method=method)
        return {"ok": True, **known(params)}

    def _auth_test(self, _params: Params) -> Answer:
        space = self._workspace
        return {
            "url": space.url,
            "team": space.team_name,
            "user": "talkifai",
            "team_id": space.team_id,
            "user_id": space.bot_user_id,
            "bot_id": space.bot_id,
            "is_enterprise_install": space.is_organisation,
            **({"enterprise_id": space.enterprise_id} if space.enterprise_id else {}),
        }

    def _bot(self, params: Params) -> Answer:
        self._need("users:read")
        if params.get("bot") != self._workspace.bot_id:
            raise Refused("bot_not_found")
        return {"bot": {"id": self._workspace.bot_id, "app_id": self._workspace.app_id, "name": "talkifai"}}

    def _post(self, params: Params) -> Answer:
        self._need("chat:write")
        place = self._writable(params)
        thread_ts = self._thread_in(place, params)
        text, blocks = content_of(params)
        space = self._workspace
        message = SlackMessage(
            ts=space.new_ts(),
            place=place.id,
            user=space.bot_user_id,
            text=text[:POST_TEXT_CHARS],
            thread_ts=thread_ts,
            bot_id=space.bot_id,
            app_id=space.app_id,
            blocks=blocks,
            metadata=metadata_in(params),
        )
        space.add(message)
        self._posted(message, params)
        return {"channel": place.id, "ts": message.ts, "message": message.as_json()}

    def _post_ephemeral(self, params: Params) -> Answer:
        self._need("chat:write")
        place = self._writable(params)
        user = str(params.get("user") or "")
        if user not in self._workspace.people:
            raise Refused("user_not_in_channel")
        thread_ts = self._thread_in(place, params)
        text, _ = content_of(params)
        self.ephemerals.append((place.id, user, thread_ts, text))
        return {"message_ts": self._workspace.new_ts()}

    def _update(self, params: Params) -> Answer:
        self._need("chat:write")
        message = self._own(params, "cant_update_message")
        is_frozen = self.streams.has_expired(message) and not self._assumptions.repairs_expired_streams
        if is_frozen or self.streams.is_live(message):
            raise Refused("streaming_state_conflict")
        text, blocks = content_of(params)
        # Counted in bytes, the stricter of the two readings that were reported.
        if len(text.encode()) > UPDATE_TEXT_CHARS:
            if not self._assumptions.cuts_long_updates:
                raise Refused("msg_too_long")
            text = text.encode()[:UPDATE_TEXT_CHARS].decode(errors="ignore")
        before = message.as_json()
        message.text, message.blocks, message.edited = text, blocks, True
        message.metadata = metadata_in(params) or message.metadata
        self._edited(message, before, params)
        return {"channel": message.place, "ts": message.ts, "text": text, "message": message.as_json()}

    def _delete(self, params: Params) -> Answer:
        self._need("chat:write")
        message = self._own(params, "cant_delete_message")
        message.deleted = True
        self._deleted(message)
        return {"channel": message.place, "ts": message.ts}

    def _react(self, params: Params) -> Answer:
        message, name = self._reacted_to(params)
        if name in message.reactions:
            raise Refused("already_reacted")
        message.reactions.add(name)
        self.reacted.append((message.ts, name))
        return {}

    def _unreact(self, params: Params) -> Answer:
        message, name = self._reacted_to(params)
        if name not in message.reactions:
            raise Refused("no_reaction")
        message.reactions.remove(name)
        return {}

    def _reacted_to(self, params: Params) -> tuple[SlackMessage, str]:
        self._need("reactions:write")
        place = self._writable(params)
        message = self._workspace.standing(place.id, str(params.get("timestamp")))
        if message is None:
            raise Refused("message_not_found")
        name = params.get("name")
        if not isinstance(name, str) or not name.isidentifier():
            raise Refused("invalid_name")
        return message, name

    def _replies(self, params: Params) -> Answer:
        place = self._readable(params)
        ts = str(params.get("ts") or "")
        if self._workspace.standing(place.id, ts) is None:
            raise Refused("thread_not_found")
        root, *replies = self._workspace.thread(place.id, ts)
        return one_page([root, *newer(replies, params)], params)

    def _history(self, params: Params) -> Answer:
        found = self._workspace.top_level(self._readable(params).id)
        return one_page(newer(found, params), params)

    def _readable(self, params: Params) -> SlackPlace:
        place = self._place(params)
        self._need(_HISTORY_SCOPES[place.kind])
        if not place.bot_is_member:
            raise Refused("not_in_channel")
        return place

    def _info(self, params: Params) -> Answer:
        place = self._place(params)
        self._need(_INFO_SCOPES[place.kind])
        if place.kind == "group" and not place.bot_is_member:
            raise Refused("channel_not_found")
        facts = {"id": place.id, "name": place.name, "is_archived": place.is_archived}
        kinds = {f"is_{kind}": place.kind == kind for kind in ("channel", "group", "im", "mpim")}
        return {"channel": {**facts, **kinds, "is_member": place.bot_is_member}}

    def _user(self, params: Params) -> Answer:
        self._need("users:read")
        person = self._workspace.people.get(str(params.get("user")))
        if person is None:
            raise Refused("user_not_found")
        return {"user": self._shown(person, params)}

    def _users(self, params: Params) -> Answer:
        self._need("users:read")
        people = list(self._workspace.people.values())
        start, limit = int(params.get("cursor") or 0), int(params.get("limit") or 200)
        page = [self._shown(person, params) for person in people[start : start + limit]]
        cursor = str(start + limit) if len(people) > start + limit else ""
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def _shown(self, person: SlackPerson, params: Params) -> Answer:
        return person.as_json(
            self._workspace.team_id,
            with_email="users:read.email" in self._scopes,
            with_locale=params.get("include_locale") in {True, "1", "true"},
        )

    def _set_status(self, params: Params) -> Answer:
        self._need("chat:write")
        place = self._place({"channel": params.get("channel_id")})
        thread_ts, status = str(params.get("thread_ts") or ""), params.get("status")
        if not isinstance(status, str) or not TS.fullmatch(thread_ts):
            raise Refused("invalid_arguments")
        if self._workspace.standing(place.id, thread_ts) is None:
            raise Refused("thread_not_found")
        self.statuses.append((place.id, thread_ts, status))
        return {}

    def _set_title(self, params: Params) -> Answer:
        self._need("assistant:write")
        place, thread_ts = self._agent_thread(params)
        title = params.get("title")
        if not isinstance(title, str) or not title.strip():
            raise Refused("invalid_arguments")
        self.titles[place.id, thread_ts] = title
        return {}

    def _set_prompts(self, params: Params) -> Answer:
        self._need("assistant:write")
        place = self._place({"channel": params.get("channel_id")})
        prompts = params.get("prompts")
        if place.kind != "im" or not isinstance(prompts, list) or not 1 <= len(prompts) <= _PROMPTS:
            raise Refused("invalid_arguments")
        if not all(set(one) == {"title", "message"} and all(one.values()) for one in prompts):
            raise Refused("invalid_arguments")
        self.prompts[place.id] = [one["message"] for one in prompts]
        return {}

    def _set_session_status(self, params: Params) -> Answer:
        self._need("assistant:write")
        place, thread_ts = self._agent_thread(params)
        if params.get("status") not in _SESSION_STATES:
            raise Refused("invalid_arguments")
        self.session_states.append((place.id, thread_ts, str(params["status"])))
        return {}

    def _publish(self, params: Params) -> Answer:
        user, view = str(params.get("user_id")), params.get("view")
        if user not in self._workspace.people:
            raise Refused("user_not_found")
        blocks = view.get("blocks") if isinstance(view, dict) and view.get("type") == "home" else None
        if not isinstance(blocks, list) or len(blocks) > _HOME_BLOCKS or not all(map(is_home_block, blocks)):
            raise Refused("invalid_arguments")
        self.homes[user] = dict(view or {})
        return {"view": {"id": "V0HOME"}}

    def _agent_thread(self, params: Params) -> tuple[SlackPlace, str]:
        place = self._place({"channel": params.get("channel_id")})
        thread_ts = str(params.get("thread_ts") or "")
        if place.kind != "im":
            raise Refused("channel_type_not_supported")
        if not TS.fullmatch(thread_ts) or self._workspace.standing(place.id, thread_ts) is None:
            raise Refused("thread_not_found")
        return place, thread_ts
