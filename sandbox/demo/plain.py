"""The plain log: one line for each thing that happens, for pipes and small terminals."""

import asyncio

from adapters.slack.format.plain_text import strip_markdown
from sandbox.demo.checks import counted
from sandbox.demo.people import Seen, Service, Thread
from sandbox.demo.play import Play, open_s
from sandbox.talkifai.conversations import Record

_LOOK_EVERY_S = 0.1
_EXCERPT = 70
_STATUSES = ("Looking that up", "Now with")


class PlainLog:
    """Prints until it is cancelled, and then what is left."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._messages: dict[tuple[str, str], str] = {}
        """The status last told, by thread and message."""
        self._opened: set[str] = set()
        self._ended: set[str] = set()
        play.note = self._print_note

    async def run(self) -> None:
        """Look for news again and again."""
        try:
            while True:
                self.print_news()
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            self.print_news()

    def print_news(self) -> None:
        """Print what has happened since the last call."""
        for record in self._play.book.records:
            self._tell_session(record)
        for thread in self._play.threads:
            seen = thread.seen()
            for number, message in enumerate(seen):
                follows = number > 0 and seen[number - 1].is_bot
                self._tell_message(thread, message, follows=follows)

    def _print_note(self, note: str) -> None:
        self.print_news()
        self._print(note)

    def _tell_session(self, record: Record) -> None:
        where = f"TalkifAI · session of {self._play.title_of(record)}"
        if record.id not in self._opened:
            self._opened.add(record.id)
            self._print(f"{where} opened for {record.user_identifier}")
        if record.ended_at is not None and record.id not in self._ended:
            self._ended.add(record.id)
            questions = counted(len(record.posted), "question")
            self._print(f"{where} ended after {open_s(record):.1f} s and {questions}")

    def _tell_message(self, thread: Thread, message: Seen, *, follows: bool) -> None:
        key = (f"{thread.service} · {thread.title}", message.message_id)
        told = self._messages.get(key)
        status = _status(message)
        self._messages[key] = status
        if told is None:
            begins = f"{message.author} goes on in another message" if follows and message.is_bot else message.author
            self._print(f"{key[0]} · {begins}: {excerpt(thread.service, message.text)}")
        elif status and status != told:
            self._print(f"{key[0]} · {message.author}: {status}")

    def _print(self, line: str) -> None:
        print(f"{self._play.elapsed_s:5.1f} s  {line}", flush=True)


def _status(message: Seen) -> str:
    if not message.is_bot or not message.text.strip():
        return ""
    last = message.text.strip().splitlines()[-1].strip("_ ")
    return last if last.startswith(_STATUSES) else ""


def excerpt(service: Service, text: str) -> str:
    """Return the beginning of a message in one line, in words. Slack's text is Markdown."""
    line = " ".join((strip_markdown(text) if service == "Slack" else text).split())
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"
