"""Sentences that are put together from several texts. Pure."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from bridge.domain.files import Attachment
from bridge.domain.notices import EXCHANGES_READ, FAILURES, CommandStyle, Notice, Phrase, Status
from bridge.domain.prompts.attached_words import unread_of
from bridge.domain.take_overs import TakeOver
from bridge.domain.turns import reference_of
from bridge.texts.catalog import Texts

_SIGNS = re.compile(r"[_\-@#/:<>&|]+")
"""Signs that join words in a tool's name, and signs that mean something to a channel."""
_TOOLS_LINE = 100
_WRITING_STEP = 500
_FILES_NAMED, _FILE_NAME = 2, 32


def help_text(texts: Texts, style: CommandStyle) -> str:
    """Say what a person can do in a channel, command by command."""
    lines = [f"{style.form.format(word)}: {texts(does)}" for word, does in style.descriptions.items()]
    return "\n".join([texts(style.introduction), *lines])


def with_suggestions(texts: Texts, greeting: str, prompts: Iterable[str]) -> str:
    """Put things to ask below a greeting. Markdown."""
    return "\n".join([greeting, "", f"**{texts(Notice.SUGGESTIONS)}**", *(f"- {prompt}" for prompt in prompts)])


def notice_of(texts: Texts, notice: Notice, turn_id: str) -> str:
    """Return a notice for one turn: with the turn's reference where it says that something failed."""
    said = texts(notice)
    if notice not in FAILURES:
        return said
    return texts(Phrase.WITH_REFERENCE, notice=said, reference=reference_of(turn_id))


def come_again(texts: Texts, notice: Notice, again_after_s: float, now: float) -> str:
    """Say what is used up, and when it comes back: by the person's clock, or in how long where that is not known."""
    at = texts.time_of_day(math.ceil((now + again_after_s) / 60) * 60)
    if at:
        return texts(Phrase.COME_AGAIN_AT, notice=texts(notice), time=at)
    minutes = max(1, math.ceil(again_after_s / 60))
    hours = math.ceil(minutes / 60)
    time = texts(Phrase.MINUTES, count=minutes) if hours == 1 else texts(Phrase.HOURS, count=hours)
    return texts(Phrase.COME_AGAIN_IN, notice=texts(notice), time=time)


def not_allowed(texts: Texts, notice: Notice, asked_for: str) -> str:
    """Say that a person may not ask, and what to do: the operator needs the id of the person, place or workspace."""
    return texts(Phrase.ASK_OPERATOR, notice=texts(notice), id=asked_for)


def tool_status(texts: Texts, tool_name: str) -> str:
    """Say which tool is at work, with a readable name: `web_search` becomes `web search`."""
    readable = readable_tool(tool_name)
    return texts(Phrase.TOOL_AT_WORK, tool=readable) if readable else texts(Phrase.UNNAMED_TOOL_AT_WORK)


def handoff_status(texts: Texts, agent_name: str) -> str:
    """Say which agent took over."""
    return texts(Phrase.HANDED_OFF, agent=" ".join(agent_name.split())[:60])


def writing_status(texts: Texts, characters: int) -> str:
    """Say how much is written, in steps, so that the line need not change all the time."""
    steps = characters // _WRITING_STEP * _WRITING_STEP
    return texts(Phrase.WRITING_SO_FAR, count=steps) if steps else texts(Status.WRITING)


def question_changed(texts: Texts, style: CommandStyle) -> str:
    """Offer to ask an answered question again after its asker changed it."""
    return texts(Phrase.QUESTION_CHANGED, command=style.form.format("retry"))


def conversation_status(
    texts: Texts, turns: int, idle_timeout_s: float, usage: Mapping[str, int], *, carried: int
) -> str:
    """Say that a conversation is open: how far it has come, what the agent still reads, its end, what it has used."""
    answers = texts(Phrase.ANSWERS, count=turns) if turns else texts(Phrase.NO_ANSWERS)
    lines = [texts(Phrase.OPEN_HERE, answers=answers, time=duration(texts, idle_timeout_s))]
    if carried:
        lines.append(texts(Phrase.GOES_ON_FROM, count=carried))
    if turns > EXCHANGES_READ:
        lines.append(texts(Phrase.STILL_READS, read=EXCHANGES_READ, count=turns))
    tokens = usage.get("total_tokens") or sum(usage.values())
    if tokens:
        lines.append(texts(Phrase.TOKENS_USED, count=tokens))
    return "\n".join(lines)


def human_answers(texts: Texts, style: CommandStyle) -> str:
    """Say that a person has the thread, and how the agent gets it back."""
    return texts(Phrase.PERSON_TAKES_OVER, command=style.form.format("agent"))


def taken_status(texts: Texts, taken: TakeOver, now: float, style: CommandStyle) -> str:
    """Say who has the thread, since when, and how the agent gets it back."""
    told = {"time": duration(texts, now - taken.since), "command": style.form.format("agent")}
    whose = taken.person.name or taken.person.id
    if taken.by_agent or not whose:
        return texts(Phrase.TAKEN_FOR_AGENT, **told)
    return texts(Phrase.TAKEN_BY, person=whose, **told)


def remembered_status(texts: Texts, exchanges: int) -> str:
    """Say what the next conversation of a thread goes on from; empty where that is nothing."""
    return texts(Phrase.NEXT_GOES_ON_FROM, count=exchanges) if exchanges else ""


def continues_from(texts: Texts, at: float, now: float) -> str:
    """Say from when a thread goes on: by the person's clock, or how long ago where that is not known."""
    moment, ago_s = texts.moment(at, now), now - at
    return (
        texts(Phrase.CONTINUES_FROM_AT, time=moment)
        if moment
        else texts(Phrase.CONTINUES_FROM, time=duration(texts, ago_s))
    )


def files_notice(texts: Texts, attachments: Sequence[Attachment], wording: str) -> str:
    """Say what was not read of a question's files, given the words that were sent for it."""
    unread, cut = unread_of(attachments, wording)
    if len(unread) == len(attachments):
        return texts(Notice.FILES_UNREAD)
    lines = [texts(Phrase.FILES_LEFT_OUT, files=_listed(texts, unread))] if unread else []
    return " ".join([*lines, *([texts(Phrase.FILES_CUT, files=_listed(texts, cut))] if cut else [])])


def _listed(texts: Texts, names: Sequence[str]) -> str:
    brief = (name if len(name) <= _FILE_NAME else f"{name[: _FILE_NAME - 1]}…" for name in names[:_FILES_NAMED])
    shown, more = ", ".join(brief), len(names) - _FILES_NAMED
    return texts(Phrase.FILES_AND_MORE, files=shown, count=more) if more > 0 else shown


def duration(texts: Texts, seconds: float) -> str:
    """Say about how long something takes."""
    for unit_s, unit in ((86_400, Phrase.DAYS), (3600, Phrase.HOURS)):
        if seconds >= 2 * unit_s:
            return texts(unit, count=round(seconds / unit_s))
    return texts(Phrase.MINUTES, count=max(1, round(seconds / 60)))


def tools_used(texts: Texts, tool_names: Iterable[str]) -> str:
    """List the tools of a finished turn in one short line, each once; empty where there were none."""
    line = ""
    for name in dict.fromkeys(filter(None, map(readable_tool, tool_names))):
        longer = f"{line}, {name}" if line else texts(Phrase.TOOLS_USED, tools=name)
        if len(longer) > _TOOLS_LINE:
            return f"{line}, …"
        line = longer
    return line


def readable_tool(tool_name: str) -> str:
    """Make a tool's name readable: words without the signs that programs put between them, 60 characters at most."""
    return " ".join(_SIGNS.sub(" ", tool_name).split())[:60].rstrip()
