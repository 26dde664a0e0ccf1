"""A program for tests: the terminal channel in front of an agent that answers at once. Started as a process."""

import asyncio
import signal
import sys
from contextlib import suppress

from adapters.terminal import TerminalChannel
from bridge.domain.incoming import Command, Incoming, IntakeResult, Question, Stop
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from tests.english import english
from tests.wishes import words_of


class Echo:
    """Answers a question with itself, over some edits. `long`: many lines; `pages`: two pages; `endless`: until a stop.

    `deaf` is endless too, and shows of a stop only that it was heard.
    """

    def __init__(self, channel: TerminalChannel) -> None:
        self._channel = channel
        self.turns: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._is_endless = False

    async def accept(self, incoming: Incoming) -> IntakeResult:
        """Keep the question and answer it in the background, as the core does."""
        if isinstance(incoming, Stop):
            self._stop.set()
            return IntakeResult.STOPPED if self._is_endless else IntakeResult.NOTHING
        turn = asyncio.get_running_loop().create_task(self._answer(incoming))
        self.turns.add(turn)
        turn.add_done_callback(self.turns.discard)
        return IntakeResult.ACCEPTED

    async def _answer(self, incoming: Incoming) -> None:
        await self._channel.show_activity(incoming.address)
        match incoming:
            case Question(text="pages"):
                await self._grow(incoming, "first page", 1)
                await self._grow(incoming, "second page", 2)
            case Question(text="long"):
                await self._grow(incoming, "\n\n".join(f"line {number}" for number in range(60)), 1)
            case Question(text="endless" | "deaf"):
                await self._go_on(incoming, is_deaf=incoming.text == "deaf")
            case Command():
                await self._grow(incoming, f"{incoming.name} answered", 1)
            case _:
                await self._grow(incoming, f"ask **{words_of(incoming)}** answered", 1)

    async def _go_on(self, incoming: Incoming, *, is_deaf: bool) -> None:
        self._is_endless = True
        self._stop.clear()
        so_far = PageView(text="so far", turn_id=incoming.id)
        message_id = await self._channel.post(incoming.address, so_far)
        await self._stop.wait()
        if is_deaf:
            await self._channel.edit(incoming.address, message_id, PageView(text="heard", turn_id=incoming.id))
            await asyncio.Event().wait()
        final = PageView(text="so far", notice=english(Notice.STOPPED), turn_id=incoming.id, final=True)
        self._is_endless = False
        await self._channel.edit(incoming.address, message_id, final)

    async def _grow(self, incoming: Incoming, text: str, number: int) -> None:
        first = PageView(status="Looking that up…", number=number, turn_id=incoming.id)
        message_id = await self._channel.post(incoming.address, first)
        for share in (0.2, 0.4, 0.6, 0.8):
            await asyncio.sleep(0.02)
            growing = PageView(text=text[: int(len(text) * share)], number=number, turn_id=incoming.id)
            await self._channel.edit(incoming.address, message_id, growing)
        final = PageView(text=text, number=number, turn_id=incoming.id, final=True)
        await self._channel.edit(incoming.address, message_id, final)


async def main() -> None:
    """Talk until the input ends, or Ctrl-C finds nothing to stop."""
    channel = TerminalChannel(user="ada", host="box")
    echo = Echo(channel)
    talking = asyncio.ensure_future(channel.receive(echo.accept, lambda sentence: print(sentence, file=sys.stderr)))  # noqa: T201 - it is a program
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: channel.interrupt() or talking.cancel())
    with suppress(asyncio.CancelledError):
        await talking
        await asyncio.gather(*echo.turns)
    channel.close()


if __name__ == "__main__":
    asyncio.run(main())
