"""Names of all that the bridge itself says to people: notices, status lines, phrases, labels.

The words are in `bridge/texts/`, one file for each language, under these names in lower case. That package says how to
add a text. Nothing internal stands in them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from bridge.domain.pages import Button

EXCHANGES_READ = 20
"""Of a conversation's exchanges TalkifAI gives its model the last ones. Source: Text Chat API."""


class TextKey(Enum):
    """A name of a text. Not a `str`, so that a type checker finds a name that is shown instead of its words."""


class Notice(TextKey):
    """The fixed sentences. None has a placeholder."""

    INTERRUPTED = "interrupted"
    FAILED = "failed"
    UNSURE = "unsure"
    UNAVAILABLE = "unavailable"
    EMPTY = "empty"
    SHORTENED = "shortened"
    ANSWER_ABOVE = "answer_above"
    """In a message of the answer before an edit that the new answer does not need."""
    TOO_LONG = "too_long"
    ONLY_TEXT = "only_text"
    FILES_UNREAD = "files_unread"
    NOT_ADMITTED = "not_admitted"
    NOT_ALLOWED = "not_allowed"
    NOT_ALLOWED_EMAIL = "not_allowed_email"
    NOT_ALLOWED_WORKSPACE = "not_allowed_workspace"
    NOT_ALLOWED_HERE = "not_allowed_here"
    USED_UP_HOUR = "used_up_hour"
    USED_UP_PERSON = "used_up_person"
    USED_UP_PLACE = "used_up_place"
    USED_UP_TOTAL = "used_up_total"
    USED_UP_SESSIONS = "used_up_sessions"
    PASSED_OVER = "passed_over"
    STOPPED_FOR_NEWER = "stopped_for_newer"
    BUSY = "busy"
    ADMINS_ONLY = "admins_only"
    STOPPED = "stopped"
    NOT_TAKEN = "not_taken"
    NOTHING_TO_STOP = "nothing_to_stop"
    NOTHING_TO_RETRY = "nothing_to_retry"
    ENDED = "ended"
    FELL_IDLE = "fell_idle"
    NOTHING_OPEN = "nothing_open"
    NEW_STARTED = "new_started"
    NOT_YOURS = "not_yours"
    NOT_YOUR_ANSWER = "not_your_answer"
    WELCOME = "welcome"
    TERMINAL_WELCOME = "terminal_welcome"

    SUMMARY_ABOVE = "summary_above"

    # A person has the thread.
    PERSON_ANSWERS = "person_answers"
    PERSON_COMES = "person_comes"
    AGENT_ANSWERS = "agent_answers"
    AGENT_ANSWERS_ALREADY = "agent_answers_already"
    HANDED_BACK = "handed_back"
    NOT_YOURS_TO_TAKE = "not_yours_to_take"
    SWITCHED_OFF = "switched_off"

    # What follows a press of a button, or a command in a place that holds several conversations.
    RATED = "rated"
    TOO_LATE_TO_RATE = "too_late_to_rate"
    ASKED_AGAIN = "asked_again"
    ALREADY_ASKED_AGAIN = "already_asked_again"
    BUTTON_TOO_OLD = "button_too_old"
    NONE_OF_YOURS = "none_of_yours"
    NONE_OF_YOURS_HERE = "none_of_yours_here"
    NEW_BEGINS = "new_begins"
    NEW_BY_MENTION = "new_by_mention"
    YOUR_CONVERSATIONS = "your_conversations"

    # App Home.
    HOME = "home"
    SUGGESTIONS = "suggestions"


FAILURES = frozenset({Notice.INTERRUPTED, Notice.FAILED, Notice.UNSURE, Notice.UNAVAILABLE})
"""They carry the reference of their turn, which its line in the log has."""


class Status(TextKey):
    """What the status line of a reply says while nothing more exact is known."""

    THINKING = "thinking"
    THINKING_AFTER_NAME = "thinking_after_name"
    """The same where the service puts the app's name before it."""
    WAITING = "waiting"
    """TalkifAI's limit is used up for the moment."""
    WRITING = "writing"


class Phrase(TextKey):
    """Texts with placeholders, and what is put into them. Those that count something have plural forms."""

    COME_AGAIN_IN = "come_again_in"
    COME_AGAIN_AT = "come_again_at"
    ASK_OPERATOR = "ask_operator"
    WITH_REFERENCE = "with_reference"
    TOOL_AT_WORK = "tool_at_work"
    UNNAMED_TOOL_AT_WORK = "unnamed_tool_at_work"
    HANDED_OFF = "handed_off"
    WRITING_SO_FAR = "writing_so_far"
    QUESTION_CHANGED = "question_changed"
    OPEN_HERE = "open_here"
    NO_ANSWERS = "no_answers"
    ANSWERS = "answers"
    GOES_ON_FROM = "goes_on_from"
    STILL_READS = "still_reads"
    TOKENS_USED = "tokens_used"
    NEXT_GOES_ON_FROM = "next_goes_on_from"
    CONTINUES_FROM = "continues_from"
    CONTINUES_FROM_AT = "continues_from_at"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    TOOLS_USED = "tools_used"
    REST_IN_FILE = "rest_in_file"
    PART_IN_FILE = "part_in_file"
    FILES_LEFT_OUT = "files_left_out"
    FILES_CUT = "files_cut"
    FILES_AND_MORE = "files_and_more"
    ENDED_HERE = "ended_here"
    AND_MORE = "and_more"
    DIRECT_MESSAGE = "direct_message"
    THREAD = "thread"
    OPENED_SINCE = "opened_since"
    OPENED_BEFORE = "opened_before"
    QUEUED_AT = "queued_at"
    QUEUED_BEHIND_OTHERS = "queued_behind_others"
    PERSON_TAKES_OVER = "person_takes_over"
    TAKEN_BY = "taken_by"
    TAKEN_FOR_AGENT = "taken_for_agent"


class Label(TextKey):
    """Words on buttons, and what the lists of commands say."""

    STOP = "label_stop"
    RETRY = "label_retry"
    NEW = "label_new"
    END_CONVERSATION = "label_end_conversation"
    END = "label_end"
    """Beside the conversation that it ends."""
    GOOD = "label_good"
    BAD = "label_bad"
    HUMAN = "label_human"
    SHORT_HUMAN = "label_short_human"
    SHORT_STOP = "label_short_stop"
    SHORT_RETRY = "label_short_retry"
    SHORT_GOOD = "label_short_good"
    SHORT_BAD = "label_short_bad"

    HELP_WORDS = "help_words"
    HELP_SLASHES = "help_slashes"
    HELP_TALKIFAI = "help_talkifai"
    COMMAND_START = "command_start"
    COMMAND_STOP = "command_stop"
    COMMAND_RETRY = "command_retry"
    COMMAND_NEW = "command_new"
    COMMAND_END = "command_end"
    COMMAND_STATUS = "command_status"
    COMMAND_HELP = "command_help"
    COMMAND_HUMAN = "command_human"
    COMMAND_AGENT = "command_agent"
    COMMAND_QUIT = "command_quit"
    ALL_STATUS = "all_status"
    ALL_END = "all_end"
    ALL_STOP = "all_stop"
    ALL_NEW = "all_new"
    ALL_HUMAN = "all_human"
    ALL_AGENT = "all_agent"
    ALL_HELP = "all_help"


BUTTON_LABELS: Mapping[Button, Label] = {
    Button.STOP: Label.STOP,
    Button.RETRY: Label.RETRY,
    Button.AGAIN: Label.RETRY,
    Button.NEW: Label.NEW,
    Button.END: Label.END_CONVERSATION,
    Button.GOOD: Label.GOOD,
    Button.BAD: Label.BAD,
    Button.HUMAN: Label.HUMAN,
}
SHORT_BUTTON_LABELS: Mapping[Button, Label] = {
    Button.STOP: Label.SHORT_STOP,
    Button.RETRY: Label.SHORT_RETRY,
    Button.AGAIN: Label.SHORT_RETRY,
    Button.GOOD: Label.SHORT_GOOD,
    Button.BAD: Label.SHORT_BAD,
    Button.HUMAN: Label.SHORT_HUMAN,
}
"""For buttons that share one narrow row."""

COMMAND_DESCRIPTIONS: Mapping[str, Label] = {
    "start": Label.COMMAND_START,
    "stop": Label.COMMAND_STOP,
    "retry": Label.COMMAND_RETRY,
    "new": Label.COMMAND_NEW,
    "end": Label.COMMAND_END,
    "status": Label.COMMAND_STATUS,
    "human": Label.COMMAND_HUMAN,
    "agent": Label.COMMAND_AGENT,
    "help": Label.COMMAND_HELP,
}
"""What each command does."""


@dataclass(frozen=True, slots=True)
class CommandStyle:
    """How people write a command in a channel."""

    form: str
    """How a command looks; `{}` stands for its word."""
    introduction: Label
    descriptions: Mapping[str, Label]

    def without(self, words: Collection[str]) -> "CommandStyle":
        """Return the style where these commands are switched off."""
        return replace(self, descriptions={word: does for word, does in self.descriptions.items() if word not in words})


_EVERYWHERE = {word: does for word, does in COMMAND_DESCRIPTIONS.items() if word != "start"}
WORDS = CommandStyle("{}", Label.HELP_WORDS, _EVERYWHERE)
SLASHES = CommandStyle("/{}", Label.HELP_SLASHES, _EVERYWHERE)
TERMINAL = CommandStyle(SLASHES.form, SLASHES.introduction, {**_EVERYWHERE, "quit": Label.COMMAND_QUIT})
TALKIFAI_COMMAND = CommandStyle(
    "`/talkifai {}`",
    Label.HELP_TALKIFAI,
    {
        "status": Label.ALL_STATUS,
        "end": Label.ALL_END,
        "stop": Label.ALL_STOP,
        "new": Label.ALL_NEW,
        "human": Label.ALL_HUMAN,
        "agent": Label.ALL_AGENT,
        "help": Label.ALL_HELP,
    },
)
"""Slack's slash command. It cannot be used in a thread, so it is about all conversations of a person."""
