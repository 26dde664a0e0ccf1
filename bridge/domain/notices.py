"""All that the bridge itself says to people: notices, status lines, labels, help. Nothing internal stands in them."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.pages import Button

_SIGNS = re.compile(r"[_\-@#/:<>&|]+")
"""Signs that join words in a tool's name, and signs that mean something to a channel."""
_TOOLS_LINE = 100
_WRITING_STEP = 500
EXCHANGES_READ = 20
"""Of a conversation's exchanges TalkifAI gives its model the last ones. Source: Text Chat API."""


class Notice(StrEnum):
    """The fixed sentences."""

    INTERRUPTED = "The answer was interrupted. Please ask again."
    FAILED = "Something went wrong with this answer. Please try again."
    UNSURE = "The connection broke while the answer was being sent. If you don't see it above, please ask again."
    UNAVAILABLE = "The assistant cannot answer at the moment. Please try again later."
    EMPTY = "The assistant had nothing to say to this."
    SHORTENED = "The answer was too long and was shortened here."
    TOO_LONG = "Your message is too long. Please use at most 10,000 characters."
    ONLY_TEXT = "I can only read text. Please write your question."
    FILES_UNREAD = "I can only read text. I did not read what you attached to your message."
    NOT_ADMITTED = "Sorry, I may only talk with members of this workspace."
    NOT_ALLOWED = "Sorry, I may not answer you here."
    NOT_ALLOWED_EMAIL = "Sorry, I only answer people with a confirmed e-mail address of certain domains."
    NOT_ALLOWED_WORKSPACE = "Sorry, I may not answer in this workspace."
    NOT_ALLOWED_HERE = "Sorry, I may not answer in this place."
    USED_UP_HOUR = "You have asked as many questions as one person may in an hour."
    USED_UP_PERSON = "You have used up what one person may use in a day."
    USED_UP_PLACE = "What may be used here in a day is used up."
    USED_UP_TOTAL = "What the assistant may use in a day is used up."
    USED_UP_SESSIONS = "You have as many conversations open as one person may. End one of them, or wait until one ends."
    QUEUED = "Your questions are queued and will be answered one after the other."
    BUSY = "There are too many unanswered messages here. Please wait for the answers, then ask again."
    ADMINS_ONLY = "Only the administrators of this group may do that."
    STOPPED = "Stopped."
    NOT_TAKEN = "I could not take your message just now. Please ask again."
    NOTHING_TO_STOP = "There is no answer to stop at the moment."
    NOTHING_TO_RETRY = "There is no question to try again here."
    ENDED = "This conversation has ended. Just write again to start a new one."
    NOTHING_OPEN = "There is no open conversation here. Just write to start one."
    NEW_STARTED = "A new conversation has started. What would you like to know?"
    NOT_YOURS = "Only the person who started this conversation may end it."
    NOT_YOUR_ANSWER = "Only the person who asked may stop this answer."
    WELCOME = "Hello! Write your question here, and the assistant answers."
    TERMINAL_WELCOME = "Write a question. /new starts over, /help tells more, /quit leaves."

    # What follows a press of a button, or a command in a place that holds several conversations.
    RATED = "Thank you!"
    TOO_LATE_TO_RATE = "It is too late to rate this answer."
    ASKED_AGAIN = "The question is asked again."
    ALREADY_ASKED_AGAIN = "The question was already asked again."
    BUTTON_TOO_OLD = "This button is too old."
    NONE_OF_YOURS = "You have no open conversation."
    NONE_OF_YOURS_HERE = "You have no open conversation in this place."
    NEW_BEGINS = "A new conversation begins."
    NEW_BY_MENTION = "Here, each message that mentions me starts a new conversation. Just write one."
    YOUR_CONVERSATIONS = "Your open conversations"

    # App Home.
    HOME = (
        "I bring an AI agent to where you talk. Write me a direct message, or mention me in a channel that I am in: "
        "I answer in the thread. `/talkifai help` tells more."
    )
    SUGGESTIONS = "You could ask"


BUTTON_LABELS = {
    Button.STOP: "Stop",
    Button.RETRY: "Try again",
    Button.NEW: "New conversation",
    Button.END: "End conversation",
    Button.GOOD: "Helpful",
    Button.BAD: "Not helpful",
}
SHORT_BUTTON_LABELS = {Button.STOP: "⏹ Stop", Button.RETRY: "🔁 Retry", Button.GOOD: "👍", Button.BAD: "👎"}
"""For buttons that share one narrow row."""
END_LABEL = "End"
"""Beside the conversation that it ends."""


COMMAND_DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "": {
        "start": "Say hello",
        "stop": "Stop the answer",
        "retry": "Ask the last question again",
        "new": "Start a new conversation",
        "end": "End this conversation",
        "status": "Is a conversation open?",
        "help": "How this works",
    },
    "de": {
        "start": "Begrüßung",
        "stop": "Antwort anhalten",
        "retry": "Letzte Frage noch einmal stellen",
        "new": "Neues Gespräch beginnen",
        "end": "Dieses Gespräch beenden",
        "status": "Läuft ein Gespräch?",
        "help": "So funktioniert es",
    },
    "es": {
        "start": "Saludar",
        "stop": "Detener la respuesta",
        "retry": "Repetir la última pregunta",
        "new": "Empezar otra conversación",
        "end": "Terminar esta conversación",
        "status": "¿Hay una conversación abierta?",
        "help": "Cómo funciona",
    },
    "fr": {
        "start": "Dire bonjour",
        "stop": "Arrêter la réponse",
        "retry": "Reposer la dernière question",
        "new": "Commencer une autre conversation",
        "end": "Terminer cette conversation",
        "status": "Une conversation est-elle ouverte ?",
        "help": "Comment ça marche",
    },
}
"""What each command does, by language; "" is for all other languages."""


@dataclass(frozen=True, slots=True)
class CommandStyle:
    """How people write a command in a channel."""

    form: str
    """How a command looks; `{}` stands for its word."""
    introduction: str
    descriptions: Mapping[str, str]


_ASK = "Write your question, and the assistant answers here."
_EVERYWHERE = {word: does for word, does in COMMAND_DESCRIPTIONS[""].items() if word != "start"}
WORDS = CommandStyle(
    "{}", f"{_ASK} Or write one of these words alone (in a channel, mention me in the same message):", _EVERYWHERE
)
SLASHES = CommandStyle("/{}", f"{_ASK} Or write a command:", _EVERYWHERE)
TERMINAL = CommandStyle(SLASHES.form, SLASHES.introduction, {**_EVERYWHERE, "quit": "Leave"})
TALKIFAI_COMMAND = CommandStyle(
    "`/talkifai {}`",
    "Commands for your conversations, wherever you write them:",
    {
        "status": "List the conversations that you have open",
        "end": "End those that you started in this place",
        "stop": "Stop what is being answered in those that you started in this place",
        "new": "Start over, in a direct message",
        "help": "Show this text",
    },
)
"""Slack's slash command. It cannot be used in a thread, so it is about all conversations of a person."""


def help_text(style: CommandStyle) -> str:
    """Say what a person can do in a channel, command by command."""
    return "\n".join(
        [style.introduction, *(f"{style.form.format(w)}: {does}" for w, does in style.descriptions.items())]
    )


class Status(StrEnum):
    """What the status line of a reply says while nothing more exact is known."""

    THINKING = "Thinking…"
    WAITING = "Waiting for capacity…"
    """TalkifAI's limit is used up for the moment."""
    WRITING = "Writing…"


def come_again(notice: Notice, again_after_s: float) -> str:
    """Say what is used up, and in how long it comes back: people read it in any time zone."""
    minutes = max(1, math.ceil(again_after_s / 60))
    hours = math.ceil(minutes / 60)
    wait = f"{minutes} minutes" if minutes > 1 else "a minute"
    return f"{notice} Please ask again in about {wait if hours == 1 else f'{hours} hours'}."


def not_allowed(notice: Notice, asked_for: str) -> str:
    """Say that a person may not ask, and what to do: the operator needs the id of the person, place or workspace."""
    return f"{notice} If I should, give the person who runs me this id: {asked_for}"


def tool_status(tool_name: str) -> str:
    """Say which tool is at work, with a readable name: `web_search` becomes `web search`."""
    readable = readable_tool(tool_name)
    return f"Looking that up: {readable}…" if readable else "Looking that up…"


def handoff_status(agent_name: str) -> str:
    """Say which agent took over."""
    return f"Now with {' '.join(agent_name.split())[:60]}"


def writing_status(characters: int) -> str:
    """Say how much is written, in steps, so that the line need not change all the time."""
    steps = characters // _WRITING_STEP * _WRITING_STEP
    return f"{Status.WRITING} ({steps:,} characters)" if steps else Status.WRITING


def question_changed(style: CommandStyle) -> str:
    """Offer to ask an answered question again after its asker changed it."""
    return f"You changed your question. To ask it again with the new words: {style.form.format('retry')}"


def conversation_status(turns: int, idle_timeout_s: float, usage: Mapping[str, int], *, carried: int) -> str:
    """Say that a conversation is open: how far it has come, what the agent still reads, its end, what it has used."""
    answers = "no answers yet" if not turns else "1 answer so far" if turns == 1 else f"{turns:,} answers so far"
    lines = [f"A conversation is open here: {answers}. It ends after about {_time(idle_timeout_s)} without a message."]
    if carried:
        lines.append(f"It goes on from {_counted(carried, 'earlier exchange')}.")
    if turns > EXCHANGES_READ:
        lines.append(f"The assistant still reads the last {EXCHANGES_READ} of {turns:,} exchanges.")
    tokens = usage.get("total_tokens") or sum(usage.values())
    if tokens:
        lines.append(f"It has used {_counted(tokens, 'token')}.")
    return "\n".join(lines)


def remembered_status(exchanges: int) -> str:
    """Say what the next conversation of a thread goes on from; empty where that is nothing."""
    return f"The next one goes on from {_counted(exchanges, 'earlier exchange')}." if exchanges else ""


def continues_from(ago_s: float) -> str:
    """Say that a thread goes on with what was said, and how long ago that was: people's time zones are not known."""
    return f"Continues from {_time(ago_s)} ago."


def _time(seconds: float) -> str:
    for unit_s, unit in ((86_400, "day"), (3600, "hour")):
        if seconds >= 2 * unit_s:
            return f"{round(seconds / unit_s)} {unit}s"
    minutes = max(1, round(seconds / 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def rest_in_file(name: str) -> str:
    """Say where the rest of an answer is, of which the reply shows the beginning."""
    return f"The whole answer is in the file {name}."


def tools_used(tool_names: Iterable[str]) -> str:
    """List the tools of a finished turn in one short line, each once; empty where there were none."""
    line = ""
    for name in dict.fromkeys(filter(None, map(readable_tool, tool_names))):
        longer = f"{line}, {name}" if line else f"Used: {name}"
        if len(longer) > _TOOLS_LINE:
            return f"{line}, …"
        line = longer
    return line


def readable_tool(tool_name: str) -> str:
    """Make a tool's name readable: words without the signs that programs put between them, 60 characters at most."""
    return " ".join(_SIGNS.sub(" ", tool_name).split())[:60].rstrip()


def ended_here(count: int) -> str:
    """Say that a person's conversations in a place end."""
    return "Your conversation here ends." if count == 1 else f"Your {count} conversations here end."


def and_more(count: int) -> str:
    """End a list that leaves some out."""
    return f"and {count} more"
