"""What a fault needs: talks on both services, waiting with a reason, and a step to tell."""

from collections.abc import Awaitable, Callable

from sandbox.demo.checks import Asked, is_whole
from sandbox.demo.people import SlackThread, TelegramThread, Thread, replies
from sandbox.playground.agents.pace import spoken
from sandbox.playground.playground import Playground
from sandbox.talkifai.conversations import Record
from sandbox.talkifai.script import Answer

ANSWER_WITHIN_S = 60.0
STORY = """The lighthouse had been dark for eleven years when the letter came.

**“Light it on Friday,”** it said, *“and do not ask why.”* There was no name under it.

1. She oiled the gears, all `48` of them.
2. She washed the glass until it was not there any more.
3. She carried up the lamp, step by step, all 212 steps.

> A light is a promise, her father used to say. It costs little to make and a lot to keep.

On Friday the fog came in like a wall. She lit the lamp at nine, and it turned, and at ten past nine a horn answered \
from the sea, very near, and then, slowly, it went *past*.

In the morning a basket of oranges stood at the door. There was no name under it either. 🍊"""


class Broken(Exception):
    """The promise did not hold; the words say in what."""


class Talk:
    """One thread on a service, and what is asked in it."""

    def __init__(self, playground: Playground, thread: Thread, person: str) -> None:
        self._playground = playground
        self._before = len(replies(thread.seen()))
        self._asked: list[Asked] = []
        self.thread = thread
        self.person = person

    @property
    def name(self) -> str:
        """Where it is, in words."""
        return f"{self.thread.service}, {self.thread.title}"

    async def ask(self, question: str, answer: Answer | None = None) -> None:
        """Let the person ask; the agent answers with this, or with a story."""
        answer = answer or spoken(question, STORY)
        self._playground.answers[question] = answer
        self._asked.append(Asked(question, answer.text))
        await self.thread.say(self.person, question)

    @property
    def records(self) -> list[Record]:
        """The conversations that were opened from here."""
        return [one for one in self._playground.stage.talkifai.book.records if self.thread.holds(one)]

    def times_posted(self, number: int = -1) -> int:
        """Return how often one of the questions reached the agent."""
        question = self._asked[number].question
        return sum(text.rstrip().endswith(question) for record in self.records for text in record.posted)

    def shown(self, number: int = -1) -> str:
        """Return what stands below one of the questions."""
        index = number if number >= 0 else len(self._asked) + number
        answered = replies(self.thread.seen())
        place = self._before + index
        return "\n".join(seen.text for seen in answered[place]) if place < len(answered) else ""

    def is_whole(self, number: int = -1) -> bool:
        """Say whether the answer stands there, each word of it and nothing else."""
        index = number if number >= 0 else len(self._asked) + number
        answered, place = replies(self.thread.seen()), self._before + index
        return place < len(answered) and is_whole(self._asked[index], answered[place])


class Scene:
    """One run of a fault.

    Args:
        tell: Takes what happens at the moment, for the page.
    """

    def __init__(self, playground: Playground, tell: Callable[[str], None]) -> None:
        self.playground = playground
        self.stage = playground.stage
        self.tell = tell
        self.skip: Callable[[], Awaitable[None]] | None = None
        """Ends the wait that is going on, where that can be."""
        self.only_waits = False
        """Nothing is broken any more: other faults may be pressed meanwhile."""

    def on_slack(self, person: str = "Ada", channel: str = "C0SUPPORT") -> Talk:
        """Begin a thread in a channel."""
        title = f"#{self.stage.slack.workspace.places[channel].name}"
        return Talk(self.playground, SlackThread(self.stage.slack, title, channel), person)

    def on_telegram(self, person: str = "Bob") -> Talk:
        """Go on in a person's chat with the bot."""
        cast = self.playground.cast
        thread = TelegramThread(self.stage.telegram, f"{person}'s chat", cast.people, cast.private[person])
        return Talk(self.playground, thread, person)

    async def until(self, true: Callable[[], bool], otherwise: str, within_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until something holds. Raises `Broken`."""
        try:
            await self.stage.talkifai.book.until(true, within_s)
        except TimeoutError:
            raise Broken(otherwise) from None

    async def until_begun(self, talk: Talk) -> None:
        """Wait until the first words of an answer stand there. Raises `Broken`."""
        await self.until(lambda: len(talk.shown()) > 40, f"no word of the answer came in {talk.name}")  # noqa: PLR2004 - a few words

    async def until_whole(self, *talks: Talk, within_s: float = ANSWER_WITHIN_S) -> list[str]:
        """Wait until the answers stand there whole; return that as facts. Raises `Broken`."""
        for talk in talks:
            await self.until(talk.is_whole, f"the answer in {talk.name} did not become whole", within_s)
            self.check(talk.times_posted() == 1, f"the question in {talk.name} was asked {talk.times_posted()} times")
        return ["each word of the answer is there", "the agent was asked once"]

    def check(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a claim, read as one
        """Raise `Broken` where a claim does not hold."""
        if not holds:
            raise Broken(otherwise)
