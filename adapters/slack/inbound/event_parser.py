"""A Slack event becomes a question or another wish, or nothing. Pure.

Slack sends one human message as `message` and, where it mentions the bot, as `app_mention` too, under different
event ids and in any order: both become the same `Question`, with the same id.
"""

import re
from collections.abc import Mapping

from adapters.slack import CHANNEL
from adapters.slack.api.identity import BotIdentity
from adapters.slack.format.attachments import attachments_in
from adapters.slack.format.mrkdwn import addresses_others, command_word, mentions, to_plain_words
from adapters.slack.limits import QUESTION_TEXT_CHARS
from adapters.slack.options import SlackOptions
from adapters.slack.people.directory import foreign_team, plain_name
from bridge.domain.incoming import (
    ANY_TURN,
    Command,
    Edit,
    Origin,
    Question,
    Remark,
    Stop,
    Withdrawal,
    command,
    has_words,
)
from bridge.domain.threads import Address, Person, ThreadKey

_EVENT_TYPES = ("app_mention", "message")
_HUMAN_SUBTYPES = (None, "file_share", "thread_broadcast")
_CHANGED, _DELETED = "message_changed", "message_deleted"
_SLACKBOT = ("USLACK", "USLACKBOT")
_MACHINE_MARKS = ("bot_id", "app_id", "bot_profile", "hidden")
_ID = re.compile(r"[!-~]{1,100}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")

Payload = Mapping[str, object]


class MalformedEventError(Exception):
    """An event that Slack would not send. Says what is wrong with its form, never what is in it."""


Message = Question | Command | Stop | Remark
"""What a person's message can be."""


def read_message(payload: Payload, workspace: BotIdentity, options: SlackOptions) -> Message | Edit | Withdrawal | None:
    """Turn the payload of one envelope into what the person wants.

    Returns None for everything that is not a person's message to the bot or within one of its threads. Raises
    `MalformedEventError` where the parts are missing or of the wrong type.
    """
    event = payload.get("event")
    if payload.get("type") != "event_callback":
        return None
    if not isinstance(event, Mapping):
        raise MalformedEventError("an event callback without an event")
    if event.get("type") not in _EVENT_TYPES:
        return None
    subtype = event.get("subtype")
    if isinstance(subtype, str) and subtype in {_CHANGED, _DELETED}:
        return _amendment(payload, event, workspace, options)
    if _is_from_a_workflow(event):
        return _message(payload, event, workspace, options) if options.workflows else None
    return _message(payload, event, workspace, options) if _is_from_a_person(event, workspace) else None


def read_native_stop(payload: Payload, workspace: BotIdentity, options: SlackOptions) -> Stop | None:
    """Read a press on Slack's own Stop, in the view for agents; None for every other payload.

    Slack changes nothing by itself: the answer is to be stopped, and the thread's state set (docs: the event's page).
    """
    event = payload.get("event")
    if not isinstance(event, Mapping) or event.get("type") != "agent_session_stopped":
        return None
    place, thread, user = (_required(event, name) for name in ("channel", "thread_ts", "user"))
    if not _TS.fullmatch(thread):
        raise MalformedEventError("a time stamp that is none")
    name = f"slack:event:{_required(payload, 'event_id')}"
    origin = Origin(
        id=name,
        dedupe_keys=(name,),
        thread=ThreadKey(CHANNEL, workspace.account, place, thread),
        address=Address(account=workspace.account, place=place, thread=thread),
        person=Person(user),
        asked_at=0.0,
        is_direct=place.startswith("D"),
    )
    return Stop(origin, ANY_TURN, owner_only=options.control == "asker")


def opened_messages(payload: Payload) -> tuple[str, str]:
    """Return the DM in which a person opened the app's messages, and the person; empty for every other payload."""
    event = payload.get("event")
    if not isinstance(event, Mapping) or event.get("type") != "app_home_opened" or event.get("tab") != "messages":
        return "", ""
    place, person = (event.get(name) for name in ("channel", "user"))
    is_whole = all(isinstance(one, str) and _ID.fullmatch(one) for one in (place, person))
    return (str(place), str(person)) if is_whole else ("", "")


def tells_of_removal(payload: Payload) -> bool:
    """Say whether the payload tells that the app was removed from the workspace, or its bot's token revoked."""
    event = payload.get("event")
    if payload.get("type") != "event_callback" or not isinstance(event, Mapping):
        return False
    tokens = event.get("tokens")
    revokes_bot = isinstance(tokens, Mapping) and bool(tokens.get("bot"))
    return event.get("type") == "app_uninstalled" or (event.get("type") == "tokens_revoked" and revokes_bot)


def _amendment(
    payload: Payload, event: Payload, workspace: BotIdentity, options: SlackOptions
) -> Edit | Withdrawal | None:
    """Read an edit or a deletion of a person's message: it counts while that message still waits."""
    is_edit = event["subtype"] == _CHANGED
    before = event.get("previous_message")
    message = event.get("message") if is_edit else before
    if not isinstance(message, Mapping) or not _is_from_a_person(message, workspace):
        return None
    if is_edit and isinstance(before, Mapping) and before.get("text") == message.get("text"):
        return None  # an unfurl or another change around the text
    place = {name: event[name] for name in ("channel", "channel_type") if name in event}
    changed = _message(payload, {**message, **place, "type": "message"}, workspace, options)
    if not isinstance(changed, Question | Remark):
        return None
    return Edit(changed.origin, changed.text) if is_edit else Withdrawal(changed.origin)


def _is_from_a_person(event: Payload, workspace: BotIdentity) -> bool:
    if any(event.get(mark) for mark in _MACHINE_MARKS) or event.get("subtype") not in _HUMAN_SUBTYPES:
        return False
    user = event.get("user")
    return isinstance(user, str) and user not in _SLACKBOT and user != workspace.bot_user_id


def _is_from_a_workflow(event: Payload) -> bool:
    """Tell a workflow's message: `bot_message` with a `workflow_id` (seen in messages; java-slack-sdk#1529).

    The `app_mention` of the same message lacks the id, and is passed over like any bot's.
    """
    is_message = event.get("subtype") == "bot_message" and not event.get("hidden")
    return is_message and bool(event.get("workflow_id")) and isinstance(event.get("bot_id"), str)


def _message(payload: Payload, event: Payload, workspace: BotIdentity, options: SlackOptions) -> Message | None:
    is_workflow = event.get("subtype") == "bot_message"
    person, channel, ts = (_required(event, name) for name in ("bot_id" if is_workflow else "user", "channel", "ts"))
    root = event.get("thread_ts") or ""
    if not _TS.fullmatch(ts) or not (isinstance(root, str) and (not root or _TS.fullmatch(root))):
        raise MalformedEventError("a time stamp that is none")
    raw = _text_of(event)
    is_direct = event.get("channel_type") == "im" or channel.startswith("D")
    addressed = is_direct or event["type"] == "app_mention" or mentions(raw, workspace.bot_user_id)
    text = _words_in(raw, workspace)
    if is_workflow and not mentions(raw, workspace.bot_user_id):
        return None
    is_in_thread = bool(text) and root not in {"", ts}
    if not addressed and not is_in_thread:
        return None
    team = workspace.account
    is_flat = is_direct and not options.threads_in_dms
    thread = "" if is_flat else root or ts
    files = attachments_in(event)
    name = f"slack:{team}:{channel}:{ts}"
    origin = Origin(
        id=name,
        dedupe_keys=(name, *_further_keys(payload, event, team, channel)),
        thread=ThreadKey(CHANNEL, team, channel, thread),
        address=Address(account=team, place=channel, thread=root if is_flat else thread),
        person=Person(person, plain_name(event.get("username")) if is_workflow else "", is_program=is_workflow),
        asked_at=float(ts),
        addressed=addressed,
        is_direct=is_direct,
        metadata=_metadata(payload, event, workspace, (team, channel, thread, ts)),
    )
    if not addressed and not _goes_on(raw, options):
        return Remark(origin, text)
    word = "" if files and not text else command_word(text)
    wish = command(origin, word, owner_only=options.control == "asker")
    return wish or Question(origin, text, has_files=bool(files), files=files)


def _words_in(raw: str, workspace: BotIdentity) -> str:
    """Return what the agent is to read; empty where people see nothing but the bot's name."""
    text = to_plain_words(raw, workspace.bot_user_id)
    return text if has_words(text) else ""


def _goes_on(raw: str, options: SlackOptions) -> bool:
    """Say whether a message that does not mention the bot may go on with a thread of its."""
    return options.follow_ups == "thread" and not addresses_others(raw)


def _required(event: Payload, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise MalformedEventError(f"a message without a readable {name}")
    return value


def _text_of(event: Payload) -> str:
    text = event.get("text")
    if text is None:
        return ""
    if not isinstance(text, str):
        raise MalformedEventError("a text that is no text")
    if len(text) > QUESTION_TEXT_CHARS:
        raise MalformedEventError("a text far over Slack's own limit")
    return text


def _further_keys(payload: Payload, event: Payload, team: str, channel: str) -> tuple[str, ...]:
    """Name the delivery, and the client's own id: a rare phantom repeats it under another time stamp (typeclaw#49)."""
    keys = []
    event_id, client_id = payload.get("event_id"), event.get("client_msg_id")
    if isinstance(event_id, str) and _ID.fullmatch(event_id):
        keys.append(f"slack:event:{event_id}")
    if isinstance(client_id, str) and _ID.fullmatch(client_id):
        keys.append(f"slack:{team}:{channel}:client:{client_id}")
    return tuple(keys)


def _metadata(
    payload: Payload, event: Payload, workspace: BotIdentity, where: tuple[str, str, str, str]
) -> dict[str, str]:
    team, channel, thread, ts = where
    facts = {"source": CHANNEL, "team": team, "channel": channel, "thread": thread}
    permalink = _permalink(workspace, channel, ts)
    if permalink:
        facts["permalink"] = permalink
    profile = event.get("bot_profile")
    found = event.get("user_team") or (profile.get("team_id") if isinstance(profile, Mapping) else None)
    person_team = foreign_team(found, workspace, is_shared=bool(payload.get("is_ext_shared_channel")))
    if person_team:
        facts["person_team"] = person_team
    return facts


def _permalink(workspace: BotIdentity, channel: str, ts: str) -> str:
    return f"{workspace.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if workspace.url else ""
