"""The interactive demo: the user types as one of the people."""

import asyncio
import contextlib
import re
from dataclasses import dataclass

from sandbox.demo.checks import words
from sandbox.demo.people import SlackThread, Thread, replies
from sandbox.demo.play import Play
from sandbox.demo.typing_line import DONE, QUIT, TAB, TypingLine

_CHOICE = re.compile(r"\s*([sdtgn]):\s*(.*)", re.IGNORECASE | re.DOTALL)
_ANSWERS_WITHIN_S = 30.0
_END_GRACE_S = 10.0
_HELP = (
    "Type, and Enter. s: Slack thread, d: Slack DM, t: Telegram chat, g: Telegram group, n: new Slack thread; "
    "/quit leaves at once, /done waits until every session is closed. "
    "Words such as tool, hand me over, long 9000, table, code, markdown, slow and goodbye steer the agent."
)


@dataclass(slots=True)
class _Place:
    person: str
    thread: Thread


class Conversation:
    """Reads lines and lets people say them.

    Args:
        threads: By name, as `people.cast` returns them.
    """

    def __init__(self, play: Play, threads: dict[str, Thread], line: TypingLine) -> None:
        self._play = play
        self._line = line
        self._places = {
            "s": _Place("Ada", threads["support"]),
            "d": _Place("Grace", threads["grace"]),
            "t": _Place("Bob", threads["bob"]),
            "g": _Place("Mia", threads["hikers"]),
        }
        self._slack_threads = 1
        self.has_left = False
        """Whether the person left at once, with sessions that are still open."""
        play.threads = [place.thread for place in self._places.values()]
        self._choose("s")

    async def hold(self, typed: asyncio.Queue[str]) -> None:
        """Say what is typed until it ends; then, unless the person left, wait until all sessions have fallen idle."""
        self._play.enter("Your turn")
        self._play.note(_HELP)
        while await self._take(await typed.get()):
            continue
        if not self.has_left:
            await self._fall_silent()

    def problems(self) -> list[str]:
        """Return which answers of the agent do not stand in their thread. Who left in the middle saw no end."""
        wrong: list[str] = []
        if self.has_left:
            return wrong
        for record in self._play.book.records:
            thread = self._play.thread_of(record)
            shown = words("\n".join(seen.text for seen in thread.seen())) if thread else ""
            title = self._play.title_of(record)
            lost = [told for told in record.messages if told.role == "assistant" and words(told.content) not in shown]
            # The greeting is shown only if a person asked for the agent without a question.
            lost = [told for told in lost if told is not record.messages[0]]
            wrong += [
                f"{title}: this answer is not there as the agent gave it: “{told.content[:60]}…”" for told in lost
            ]
        return wrong

    async def _take(self, typed: str) -> bool:
        for entry in self._line.feed(typed):
            if entry.strip() in (QUIT, DONE):
                self.has_left = entry.strip() == QUIT
                return False
            if entry == TAB:
                names = list(self._places)
                self._choose(names[(names.index(self._chosen) + 1) % len(names)])
            else:
                await self._say(entry)
        return bool(typed)

    async def _say(self, entry: str) -> None:
        found = _CHOICE.fullmatch(entry)
        text = entry.strip()
        if found is not None:
            choice, text = found[1].lower(), found[2].strip()
            if choice == "n":
                self._open_slack_thread()
                choice = "s"
            self._choose(choice)
        if text:
            place = self._places[self._chosen]
            await place.thread.say(place.person, text)

    def _choose(self, name: str) -> None:
        self._chosen = name
        place = self._places[name]
        title = place.thread.title.removeprefix(f"{place.person}, ")
        self._line.place = f"{place.person} ▸ {place.thread.service}, {title}"

    def _open_slack_thread(self) -> None:
        self._slack_threads += 1
        title = f"#support, thread {self._slack_threads}"
        thread = SlackThread(self._play.stage.slack, title, "C0SUPPORT")
        self._places["s"].thread = thread
        self._play.threads.append(thread)

    async def _fall_silent(self) -> None:
        play = self._play
        play.enter(f"Silence: a session without a question for {play.idle_timeout_s:g} s is ended")
        with contextlib.suppress(TimeoutError):
            await play.book.until(self._all_answered, _ANSWERS_WITHIN_S)
        try:
            await play.book.until(lambda: play.book.open_now == 0, play.idle_timeout_s + _END_GRACE_S)
        except TimeoutError:
            play.enter(f"{play.book.open_now} sessions are still open")
        else:
            play.enter("All sessions are ended")

    def _all_answered(self) -> bool:
        busy = any(record.is_answering for record in self._play.book.records)
        return not busy and all(all(replies(thread.seen())) for thread in self._play.threads)
