"""The story of a minute: ask, grow, tool, page, kill, recover, idle, closed. Told by the real bridge."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sandbox.playground.agents import support, writer
from sandbox.playground.people.wishes import Wish
from sandbox.playground.playground import Playground
from sandbox.slack.workspace import SlackMessage

_HELLO = "Why does our webhook answer 401?"
_MORE = "And can we rotate the key without downtime?"
_PLAN = "Write me an onboarding plan for ten weeks, please"
_SIGN_S = 0.035
_PATIENCE_S = 60.0
_RECOVERY_S = 45.0


class Tour:
    """Plays when it is asked to. What it shows: a caption, where to look, and what is being typed."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._task: asyncio.Task[None] | None = None
        self._shown: dict[str, Any] = {"on": False}
        self.is_over = asyncio.Event()

    def shown(self) -> dict[str, Any]:
        """Return what the page shows of it."""
        return self._shown

    async def start(self, _wish: Wish | None = None) -> None:
        """Begin from the start."""
        await self.stop()
        self.is_over.clear()
        self._task = asyncio.create_task(self._play())

    async def stop(self, _wish: Wish | None = None) -> None:
        """Leave off."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._shown = {"on": False}

    async def _play(self) -> None:
        try:
            await self._tell()
        finally:
            self._shown = {"on": False, "over": True}
            self.is_over.set()

    async def _tell(self) -> None:
        self._playground.answers |= {_HELLO: support.answer(_HELLO), _MORE: support.answer(_MORE)}
        self._playground.answers[_PLAN] = writer.answer(_PLAN)
        self._say("One bridge, two services, one agent behind them.", "")
        await self._pause(2.4)
        root = await self._slack_asks()
        await self._telegram_asks()
        await self._slack_asks_on(root)
        await self._kill()
        await self._fall_silent()

    async def _slack_asks(self) -> str:
        slack = self._playground.stage.slack
        self._say("Ada asks in a Slack channel.", "slack", slack={"as": "U0ADA", "place": "C0SUPPORT", "thread": ""})
        await self._type("slack", f"@TalkifAI {_HELLO}")
        ts = await slack.say("U0ADA", "C0SUPPORT", f"{slack.mention} {_HELLO}")
        view = {"as": "U0ADA", "place": "C0SUPPORT", "thread": ts}
        self._say("The answer comes into the thread, and says what it is doing.", "slack", slack=view)
        await self._until(lambda: any("401" in message.text for message in self._ours(ts)))
        self._say("It grows while the agent writes. Nothing waits for the end.", "slack", slack=view)
        await self._pause(2.5)
        return ts

    async def _telegram_asks(self) -> None:
        telegram, cast = self._playground.stage.telegram, self._playground.cast
        bob = cast.private["Bob"]
        view = {"as": "Bob", "chat": str(bob.id), "topic": ""}
        self._say("Bob asks on Telegram. Same agent, a conversation of his own.", "telegram", telegram=view)
        await self._type("telegram", _PLAN)
        before = len(telegram.world.messages)
        await telegram.say(cast.people["Bob"], bob, _PLAN)
        self._say("A long answer goes on in a second message, between two paragraphs.", "telegram", telegram=view)
        # Bob's question, and two messages of the bot.
        await self._until(lambda: len(telegram.world.messages) >= before + 3)
        await self._pause(1.2)

    async def _slack_asks_on(self, root: str) -> None:
        slack = self._playground.stage.slack
        view = {"as": "U0LINUS", "place": "C0SUPPORT", "thread": root}
        self._say("Linus asks on in the thread: no mention needed.", "slack", slack=view)
        await self._type("slack", _MORE)
        before = len(self._ours(root))
        await slack.say("U0LINUS", "C0SUPPORT", _MORE, root)
        await self._until(lambda: len(self._ours(root)) > before and len(self._ours(root)[-1].text) > 30)  # noqa: PLR2004 - a few words

    async def _kill(self) -> None:
        workers = self._playground.workers
        self._say("Now the worker is killed, in the middle of a word.", "workers")
        await workers.kill(workers.slots[0])
        await self._pause(1.6)
        self._say("A new one starts. It finds what was under way…", "workers")
        await workers.until_ready()
        await self._pause(0.8)
        self._say("…and finishes it: every word once, no question asked twice.", "")
        # The dead worker's lease would run for 30 s: the tour does not wait for it.
        await self._playground.redis.expire_leases()
        await self._until(self._all_is_answered, _RECOVERY_S)
        await self._pause(2.0)

    async def _fall_silent(self) -> None:
        book = self._playground.stage.talkifai.book
        self._say("Everybody falls silent. The meter counts down…", "meter")
        await self._until(lambda: book.open_now == 0, self._playground.options.idle_after_s + 20.0)
        self._say("…and every conversation is closed. Nothing costs money any more.", "meter")
        await self._pause(3.5)

    # ------------------------------------------------------------ how it is told

    def _say(self, caption: str, focus: str, **views: Any) -> None:
        self._shown = {"on": True, "caption": caption, "focus": focus, **views}

    async def _type(self, where: str, text: str) -> None:
        for length in range(1, len(text) + 1):
            self._shown = {**self._shown, "typing": {"where": where, "text": text[:length]}}
            await asyncio.sleep(_SIGN_S * self._playground.options.pace)
        await self._pause(0.35)
        self._shown = {name: value for name, value in self._shown.items() if name != "typing"}

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._playground.options.pace)

    async def _until(self, true: Callable[[], bool], within_s: float = _PATIENCE_S) -> None:
        """Wait; a story that does not come to its point goes on all the same."""
        with suppress(TimeoutError):
            await self._playground.stage.talkifai.book.until(true, within_s)

    def _ours(self, root: str) -> list[SlackMessage]:
        space = self._playground.stage.slack.workspace
        return [message for message in space.thread("C0SUPPORT", root) if message.bot_id]

    def _all_is_answered(self) -> bool:
        records = self._playground.stage.talkifai.book.records
        idle = self._playground.workers
        return bool(idle.slots) and not any(record.is_answering for record in records) and self._nothing_is_written()

    def _nothing_is_written(self) -> bool:
        """Say whether no reply has a button to stop it any more."""
        space, world = self._playground.stage.slack.workspace, self._playground.stage.telegram.world
        slack = any("talkifai_reply_stop" in str(message.blocks) for message in space.messages.values())
        telegram = any("stop:" in str(message.keyboard) for message in world.messages.values())
        return not slack and not telegram
