"""A program for tests: the terminal channel in front of an agent that answers at once. Started as a process."""

import asyncio
import sys

from adapters.terminal import TerminalChannel
from bridge.domain.incoming import IntakeResult, Question
from bridge.domain.pages import PageView


class Echo:
    """Answers a question with itself, over some edits; `long` with many lines, `pages` with two pages."""

    def __init__(self, channel: TerminalChannel) -> None:
        self._channel = channel
        self.turns: set[asyncio.Task[None]] = set()

    async def accept(self, question: Question) -> IntakeResult:
        """Keep the question and answer it in the background, as the core does."""
        turn = asyncio.get_running_loop().create_task(self._answer(question))
        self.turns.add(turn)
        turn.add_done_callback(self.turns.discard)
        return IntakeResult.ACCEPTED

    async def _answer(self, question: Question) -> None:
        await self._channel.show_activity(question.address)
        if question.text == "pages":
            await self._grow(question, "first page", 1)
            await self._grow(question, "second page", 2)
        elif question.text == "long":
            await self._grow(question, "\n\n".join(f"line {number}" for number in range(60)), 1)
        else:
            await self._grow(question, f"{question.kind} **{question.text}** answered", 1)

    async def _grow(self, question: Question, text: str, number: int) -> None:
        first = PageView(status="Looking that up…", number=number, turn_id=question.id)
        message_id = await self._channel.post(question.address, first)
        for share in (0.2, 0.4, 0.6, 0.8):
            await asyncio.sleep(0.02)
            growing = PageView(text=text[: int(len(text) * share)], number=number, turn_id=question.id)
            await self._channel.edit(question.address, message_id, growing)
        final = PageView(text=text, number=number, turn_id=question.id, final=True)
        await self._channel.edit(question.address, message_id, final)


async def main() -> None:
    """Talk until the input ends."""
    channel = TerminalChannel(user="ada", host="box")
    echo = Echo(channel)
    await channel.receive(echo.accept, lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201 - it is a program
    await asyncio.gather(*echo.turns)
    channel.close()


if __name__ == "__main__":
    asyncio.run(main())
