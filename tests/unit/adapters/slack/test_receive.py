"""Slack events become questions, or nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.api.identity import BotIdentity
from adapters.slack.inbound.event_parser import MalformedEventError, read_message
from bridge.domain.incoming import CommandName, Incoming, Question, Remark, Stop
from config.slack import SlackSettings
from tests.wishes import Kind, kind_of, words_of

HOME = BotIdentity(team_id="T1", bot_user_id="UBOT", bot_id="BBOT", url="https://acme.slack.com/", name="Acme")
TS = "1700000000.000100"
ROOT = "1690000000.000200"


def event(**fields: Any) -> dict[str, Any]:
    fields = {"type": "message", "user": "U1", "channel": "C1", "ts": TS, "text": "hello", **fields}
    return {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": "T1",
        "authorizations": [{"team_id": "T1"}],
        "event": {name: value for name, value in fields.items() if value is not None},
    }


def read_any(payload: dict[str, Any]) -> Incoming:
    found = read_message(payload, HOME, SlackSettings())
    assert found is not None
    return found


def read(payload: dict[str, Any]) -> Question:
    question = read_message(payload, HOME, SlackSettings())
    assert isinstance(question, Question)
    return question


def test_a_mention_opens_a_thread_under_itself() -> None:
    question = read(event(type="app_mention", text="<@UBOT> what is new?", client_msg_id="c-1"))
    assert question.id == f"slack:T1:C1:{TS}"
    assert question.origin.dedupe_keys == (question.id, "slack:event:Ev1", "slack:T1:C1:client:c-1")
    assert str(question.thread) == f"slack:T1:C1:{TS}"
    assert (question.address.place, question.address.thread, question.address.account) == ("C1", TS, "T1")
    assert (question.text, question.origin.addressed) == ("what is new?", True)
    assert question.origin.asked_at == 1700000000.0001
    assert question.origin.metadata == {
        "source": "slack",
        "team": "T1",
        "channel": "C1",
        "thread": TS,
        "permalink": "https://acme.slack.com/archives/C1/p1700000000000100",
    }


def test_the_word_stop_is_for_the_asker_where_the_options_says_so() -> None:
    """A15: the word like the button."""
    said = event(text="<@UBOT> stop", thread_ts=ROOT)
    for options, owner_only in ((SlackSettings(), True), (SlackSettings(control="anyone"), False)):
        question = read_message(said, HOME, options)
        assert isinstance(question, Stop)
        assert question.owner_only is owner_only


def test_an_organisations_installation_is_the_account_of_all_its_workspaces() -> None:
    """A9: threads and budgets of one token are under one name."""
    home = replace(HOME, enterprise_id="E1", is_organisation=True)
    question = read_message(event(channel="D1"), home, SlackSettings())
    assert question is not None
    assert (question.thread.account, question.address.account) == ("E1", "E1")


def test_both_events_of_a_mention_are_the_same_question() -> None:
    """D2: but for the event id."""
    mention = read(event(type="app_mention", text="<@UBOT> hi"))
    message = read(event(text="<@UBOT> hi", channel_type="channel"))
    assert mention == message


def test_a_mention_in_a_thread_belongs_to_that_thread() -> None:
    question = read(event(type="app_mention", text="<@UBOT> hi", thread_ts=ROOT))
    assert (question.thread.thread, question.address.thread, question.origin.addressed) == (ROOT, ROOT, True)


def test_a_message_in_a_thread_without_a_mention_counts_only_in_a_known_thread() -> None:
    question = read(event(thread_ts=ROOT, channel_type="channel"))
    assert (question.thread.thread, question.origin.addressed) == (ROOT, False)


@pytest.mark.parametrize("somebody", ["<@U2>", "<@U2|bob>", "<!subteam^S1|@ops>", "<!here>", "<!channel|@channel>"])
def test_a_message_to_somebody_else_is_left_alone_unless_it_mentions_the_bot_too(somebody: str) -> None:
    left = read_message(event(thread_ts=ROOT, text=f"{somebody} have a look"), HOME, SlackSettings())
    assert isinstance(left, Remark)
    both = read(event(thread_ts=ROOT, text=f"<@UBOT> tell {somebody}"))
    assert both.origin.addressed


def test_links_and_dates_are_nobody() -> None:
    text = "see <https://x.example|@here> at <!date^1^{date}|May 1> in <#C2|general>"
    assert read(event(thread_ts=ROOT, text=text)).text.startswith("see @here")


def test_where_follow_ups_need_a_mention_others_are_left_alone() -> None:
    options = SlackSettings(follow_ups="mention")
    left = read_message(event(thread_ts=ROOT, text="and now?"), HOME, options)
    assert isinstance(left, Remark)
    assert (left.text, left.thread.thread, left.origin.addressed) == ("and now?", ROOT, False)
    question = read_message(event(thread_ts=ROOT, text="<@UBOT> and now?"), HOME, options)
    assert question is not None
    assert question.origin.addressed
    in_dm = read_message(event(channel="D1", thread_ts=ROOT, text="and now?"), HOME, options)
    assert in_dm is not None


@pytest.mark.parametrize(("root", "thread"), [(None, TS), (ROOT, ROOT)])
def test_where_direct_messages_are_threads_each_top_level_message_begins_one(root: str | None, thread: str) -> None:
    question = read_message(event(channel="D1", thread_ts=root), HOME, SlackSettings(dm="thread"))
    assert question is not None
    assert (question.thread.thread, question.address.thread, question.origin.addressed) == (thread, thread, True)


def test_a_file_is_noted_and_its_text_is_asked() -> None:
    files = [{"id": "F1", "name": "plan.pdf", "mimetype": "application/pdf"}]
    question = read(event(channel="D1", subtype="file_share", files=files, text="what is this?"))
    assert (question.text, question.has_files) == ("what is this?", True)
    alone = read(event(channel="D1", subtype="file_share", files=files, text=""))
    assert (alone.text, alone.has_files) == ("", True)


@pytest.mark.parametrize("unseen", ["", " \u200b", "\u3164\u2060"])
def test_a_message_in_which_nothing_is_seen_asks_for_help_and_opens_nothing(unseen: str) -> None:
    assert kind_of(read_any(event(channel="D1", text=unseen))) is CommandName.HELP
    assert kind_of(read_any(event(text=f"<@UBOT>{unseen}"))) is CommandName.HELP
    assert read_message(event(thread_ts=ROOT, text=unseen), HOME, SlackSettings()) is None
    shared = read(event(channel="D1", subtype="file_share", files=[{"id": "F1"}], text=unseen))
    assert (shared.text, shared.has_files) == ("", True)
    changed = event(channel="D1", text=unseen)["event"]
    edit = event(channel="D1", subtype="message_changed", message=changed, previous_message={**changed, "text": "hi"})
    assert read_message(edit, HOME, SlackSettings()) is None


def test_a_thread_answer_shown_in_the_channel_too_is_one_in_the_thread() -> None:
    assert read(event(subtype="thread_broadcast", thread_ts=ROOT)).thread.thread == ROOT


@pytest.mark.parametrize("fields", [{}, {"thread_ts": TS}, {"text": "", "subtype": "file_share", "thread_ts": ROOT}])
def test_a_channel_message_that_is_for_nobody_is_nothing(fields: dict[str, Any]) -> None:
    assert read_message(event(**fields), HOME, SlackSettings()) is None


@pytest.mark.parametrize("place", [{"channel": "D1"}, {"channel": "D1", "channel_type": "im"}])
def test_a_direct_message_is_one_flat_conversation(place: dict[str, Any]) -> None:
    question = read(event(**place))
    assert (question.thread.thread, question.address.thread, question.origin.addressed) == ("", "", True)


def test_a_direct_message_in_a_thread_is_answered_there_in_the_same_conversation() -> None:
    question = read(event(channel="D1", channel_type="im", thread_ts=ROOT))
    assert (question.thread.thread, question.address.thread) == ("", ROOT)


def test_a_group_dm_is_like_a_channel() -> None:
    assert read_message(event(channel="G1", channel_type="mpim"), HOME, SlackSettings()) is None
    assert read(event(channel="G1", channel_type="mpim", text="<@UBOT> hi")).thread.thread == TS


@pytest.mark.parametrize(
    "fields",
    [
        {"bot_id": "B2"},
        {"app_id": "A2"},
        {"bot_profile": {"id": "B2"}},
        {"hidden": True},
        {"user": "UBOT"},
        {"user": "USLACK"},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"subtype": ["file_share"]},
        {"type": "reaction_added"},
        {"type": None},
    ],
    ids=str,
)
def test_what_no_person_wrote_is_nothing(fields: dict[str, Any]) -> None:
    """A11: nor what the bridge itself wrote."""
    assert (
        read_message(event(text="<@UBOT> hi", channel="D1", **{"channel_type": "im", **fields}), HOME, SlackSettings())
        is None
    )


def test_the_team_is_the_installations_and_not_the_writers() -> None:
    payload = event(type="app_mention", text="<@UBOT> hi", team="T9", user_team="T9")
    payload["team_id"] = "T9"
    question = read(payload)
    assert question.thread.account == "T1"
    assert question.origin.metadata["person_team"] == "T9"


@pytest.mark.parametrize("authorizations", [None, [], "x", [3], [{}], [{"team_id": 3}]])
def test_without_authorizations_the_team_is_the_tokens(authorizations: Any) -> None:
    payload = event(channel="D1")
    payload["authorizations"] = authorizations
    assert read(payload).thread.account == "T1"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<@UBOT>", CommandName.HELP),
        ("<@UBOT> help", CommandName.HELP),
        ("<@UBOT> /HELP", CommandName.HELP),
        ("<@UBOT> New", CommandName.NEW),
        ("!end <@UBOT>", CommandName.END),
        ("<@UBOT>: end", CommandName.END),
        ("<@UBOT> the end", Question),
        ("<@UBOT> /!end", Question),
    ],
)
def test_commands_are_words_alone(text: str, kind: Kind) -> None:
    wish = read_message(event(type="app_mention", text=text), HOME, SlackSettings())
    assert wish is not None
    assert kind_of(wish) is kind


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": None},
        {"channel": 5},
        {"channel": "has space"},
        {"ts": None},
        {"ts": "yesterday"},
        {"ts": "1e5"},
        {"thread_ts": 5},
        {"thread_ts": "x"},
        {"text": 5},
        {"text": "x" * 300_000},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_parts_that_are_missing_or_wrong_are_malformed(fields: dict[str, Any]) -> None:
    """D13."""
    with pytest.raises(MalformedEventError):
        read_message(event(**{"channel": "D1", "channel_type": "im", **fields}), HOME, SlackSettings())


def test_all_metadata_is_text_even_for_a_workspace_without_an_address() -> None:
    question = read_message(event(channel="D1"), BotIdentity("T1", "UBOT"), SlackSettings())
    assert question is not None
    assert question.origin.metadata == {"source": "slack", "team": "T1", "channel": "D1", "thread": ""}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["message", "app_mention", TS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["type", "user", "channel", "ts", "thread_ts", "text", "subtype", "bot_id", "client_msg_id", "channel_type"]


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), ANYTHING),
    st.dictionaries(st.sampled_from(["event_id", "authorizations", "type"]), ANYTHING),
)
def test_no_payload_whatever_breaks_the_reader(changes: dict[str, Any], around: dict[str, Any]) -> None:
    """D13: a question, nothing, or malformed: never another error."""
    payload = {**event(channel="D1", channel_type="im"), **around}
    payload["event"] = {**payload["event"], **changes}
    try:
        question = read_message(payload, HOME, SlackSettings())
    except MalformedEventError:
        return
    if question is not None:
        assert question.id in question.origin.dedupe_keys
        assert all(isinstance(value, str) for value in question.origin.metadata.values())
        words_of(question).encode()


WORKFLOW = {"subtype": "bot_message", "user": None, "bot_id": "B7", "workflow_id": "Wf1", "username": "Daily"}


def test_a_workflow_asks_only_where_the_operator_lets_it_and_by_a_mention() -> None:
    """A11: and then once, as the mention of the same message says less of where it comes from."""
    asked = event(text="<@UBOT> what is new?", **WORKFLOW)
    assert read_message(asked, HOME, SlackSettings()) is None
    options = SlackSettings(workflows=True)
    question = read_message(asked, HOME, options)
    assert isinstance(question, Question)
    assert (question.text, question.person.id, question.person.name) == ("what is new?", "B7", "Daily")
    assert question.person.is_program
    assert read_message(event(text="no mention", **WORKFLOW), HOME, options) is None
    assert read_message(event(text="no mention", thread_ts=ROOT, **WORKFLOW), HOME, options) is None
    mention = event(type="app_mention", text="<@UBOT> what is new?", user=None, bot_id="B7")
    assert read_message(mention, HOME, options) is None
    other_bot = event(text="<@UBOT> hi", subtype="bot_message", user=None, bot_id="B7")
    assert read_message(other_bot, HOME, options) is None


def test_a_workflow_of_another_organisation_is_from_outside() -> None:
    asked = event(text="<@UBOT> hi", bot_profile={"team_id": "T9"}, **WORKFLOW)
    question = read_message(asked, HOME, SlackSettings(workflows=True))
    assert question is not None
    assert question.origin.metadata["person_team"] == "T9"


def test_within_one_organisation_only_shared_channels_have_strangers() -> None:
    home = replace(HOME, enterprise_id="E1")
    payload = event(type="app_mention", text="<@UBOT> hi", user_team="T2")
    for shared, expected in ((False, None), (True, "T2")):
        question = read_message(payload | {"is_ext_shared_channel": shared}, home, SlackSettings())
        assert question is not None
        assert question.origin.metadata.get("person_team") == expected
