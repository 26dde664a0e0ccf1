"""The story: everybody asks, some ask on, then all fall silent and the sessions end."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from sandbox.demo.checks import Asked, Told, counted, is_whole, wrong_conversations, wrong_replies
from sandbox.demo.people import Thread, replies
from sandbox.demo.play import Play
from sandbox.demo.script import THINK_S, Line, Part

REPLY_WITHIN_S = 45.0
_END_GRACE_S = 8.0
_LAST_LOOK_S = 1.5


class Story:
    """Plays the parts at once.

    Args:
        pace: The pauses of people are multiplied by it.
    """

    def __init__(self, play: Play, threads: Mapping[str, Thread], parts: tuple[Part, ...], pace: float) -> None:
        self._play = play
        self._threads = threads
        self._parts = parts
        self._pace = pace
        self._asked: defaultdict[str, list[Asked]] = defaultdict(list)

    async def tell(self) -> None:
        """Play everything. What went wrong is seen afterwards, by `problems`."""
        play = self._play
        play.enter(f"{len(self._parts)} threads ask at the same time")
        async with asyncio.TaskGroup() as group:
            for part in self._parts:
                group.create_task(self._play_part(part))
        play.enter(f"Silence: a session without a question for {play.idle_timeout_s:g} s is ended")
        try:
            await play.book.until(lambda: play.book.open_now == 0, play.idle_timeout_s + _END_GRACE_S)
        except TimeoutError:
            play.enter(f"{play.book.open_now} sessions are still open")
        else:
            play.enter("All sessions are ended")
        await asyncio.sleep(_LAST_LOOK_S * self._pace)

    def problems(self) -> list[str]:
        """Return what is wrong with replies and conversations, as they stand now."""
        return [problem for part in self._parts for problem in self._problems_in(part)]

    def _problems_in(self, part: Part) -> list[str]:
        thread = self._threads[part.thread]
        records = [record for record in self._play.book.records if thread.holds(record)]
        wanted = [Asked(line.question, line.answer.text) for line in part.lines]
        told = Told(thread.title, wanted, thread.seen(), records)
        return [*wrong_replies(told), *wrong_conversations(told)]

    async def _play_part(self, part: Part) -> None:
        await asyncio.sleep(part.begins_after_s * self._pace)
        for number, line in enumerate(part.lines):
            if number:
                await asyncio.sleep(THINK_S * self._pace)
                self._play.enter(f"{line.person} asks on, in the same conversation")
            if not await self._ask(part, line):
                return

    async def _ask(self, part: Part, line: Line) -> bool:
        """Ask, and wait for the whole answer. False when it did not come in time."""
        thread = self._threads[part.thread]
        asked = Asked(line.question, line.answer.text)
        number = len(self._asked[part.thread])
        self._asked[part.thread].append(asked)
        await thread.say(line.person, line.question)
        where = f"{thread.service} · {thread.title}"
        try:
            await thread.ledger.until(lambda: _is_answered(thread, number, asked), REPLY_WITHIN_S)
        except TimeoutError:
            self._play.note(f"{where} · no complete reply within {REPLY_WITHIN_S:g} s")
            return False
        shown = replies(thread.seen())[number]
        edits = sum(message.edits for message in shown)
        size = f"{len(asked.answer):,} characters, {counted(len(shown), 'message')}, {counted(edits, 'edit')}"
        self._play.note(f"{where} · reply complete: {size}")
        return True


def _is_answered(thread: Thread, number: int, asked: Asked) -> bool:
    answered = replies(thread.seen())
    return number < len(answered) and is_whole(asked, answered[number])
