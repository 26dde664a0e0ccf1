"""`python -m sandbox.playground.tour.features`: take the pictures of single features for the docs, on both channels."""

import argparse
import asyncio
import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page

from sandbox.playground.command import opened
from sandbox.playground.options import Options
from sandbox.playground.playground import Playground
from sandbox.playground.tour.browser import chromium, steered
from sandbox.playground.tour.tour import Tour
from sandbox.talkifai.script import Answer

_SIZE = {"width": 1280, "height": 860}
_PANES = {"x": 0.0, "y": 54.0, "width": 908.0, "height": 620.0}
"""Slack and Telegram alone."""
_TO_THE_END = "for (const one of document.querySelectorAll('main *, body *')) one.scrollTop = one.scrollHeight"
_COLOURS = 128
_SETTINGS = {"BRIDGE_FILE_FROM": "1", "BRIDGE_IDLE_TIMEOUT": "4", "SLACK_FEEDBACK": "off", "TELEGRAM_FEEDBACK": "off"}
_PLAN, _COST = "Which plan do we have?", "And what does it cost?"
_REPORT = "Please write the report on our seats."
_HELP, _MINE = "Can you refund my order?", "I'll take this one. Refunds go through me."
_ANSWERS = {
    _PLAN: "You have the **small plan**: ten seats, and eight of them are taken.",
    _COST: "The small plan is 10 € a month. Two more seats would be 2 € each.",
    _HELP: "I cannot refund orders myself. Shall I ask a person to look at it?",
}
_WITHIN_S = 60.0


class FeatureTour(Tour):
    """Shows one feature after another, and waits until its picture was taken."""

    def __init__(self, playground: Playground) -> None:
        super().__init__(playground)
        self._playground.answers |= {question: Answer.of(text) for question, text in _ANSWERS.items()}
        rows = "\n".join(f"- **Seat {number}**: team {number % 7 + 1}, since week {number}" for number in range(1, 500))
        self._playground.answers[_REPORT] = Answer.of(f"# Seats\n\n{rows}")
        self.ready, self.taken = asyncio.Event(), asyncio.Event()
        self.name = ""

    async def _tell(self) -> None:
        await self._carry_over()
        await self._file()
        await self._take_over()

    async def _carry_over(self) -> None:
        await self._ask(_PLAN, "Ada", "Bob")
        await self._until(lambda: self._playground.stage.talkifai.book.open_now == 0)
        await self._ask(_COST, "Ada", "Bob")
        await self._picture("carry-over", "Ada", "Bob")

    async def _file(self) -> None:
        await self._ask(_REPORT, "Linus", "Mia", until="[answer.md]")
        await self._picture("file", "Linus", "Mia")

    async def _take_over(self) -> None:
        await self._ask(_HELP, "Grace", "Tom")
        await self._say_in("human", "/human", "Grace", "Tom")
        await self._pause(2.0)
        await self._say_in(_MINE, _MINE, "Grace", "Tom")
        await self._pause(1.5)
        await self._picture("take-over", "Grace", "Tom")

    async def _ask(self, text: str, ada: str, bob: str, until: str = "") -> None:
        """Ask on both channels and wait for both answers: those that begin alike, or for this text."""
        await self._say_in(text, text, ada, bob)
        wanted = until or _ANSWERS[text][:12].replace("**", "")
        await self._until(lambda: self._is_said(wanted, ada, bob), _WITHIN_S)
        await self._until(self._nothing_is_written, _WITHIN_S)
        await self._pause(1.5)

    async def _say_in(self, slack: str, telegram: str, ada: str, bob: str) -> None:
        stage, cast = self._playground.stage, self._playground.cast
        await stage.slack.say(f"U0{ada.upper()}", f"D0{ada.upper()}", slack)
        await stage.telegram.say(cast.people[bob], cast.private[bob], telegram)

    def _is_said(self, text: str, ada: str, bob: str) -> bool:
        stage, chat = self._playground.stage, str(self._playground.cast.private[bob].id)
        shown = stage.slack.ledger.shown(f"D0{ada.upper()}"), stage.telegram.ledger.shown(chat)
        return all(any(text in message.text.replace("**", "") for message in messages[-2:]) for messages in shown)

    async def _picture(self, name: str, ada: str, bob: str) -> None:
        slack = {"as": f"U0{ada.upper()}", "place": f"D0{ada.upper()}", "thread": ""}
        telegram = {"as": bob, "chat": str(self._playground.cast.private[bob].id), "topic": ""}
        views: dict[str, Any] = {"slack": slack, "telegram": telegram}
        self._say("", "", **views)
        self.name = name
        self.ready.set()
        await self.taken.wait()
        self.taken.clear()


async def take_pictures(into: Path) -> None:
    """Show each feature and take its picture, into a folder that is there. Raises `LookupError`."""
    options = Options(browser=False, settings=_SETTINGS)
    with chromium() as address:
        async with steered(address) as browser, opened(options, FeatureTour) as playground:
            page = await browser.new_page(viewport=_SIZE, color_scheme="light", locale="en-GB")  # type: ignore[arg-type]
            await page.goto(playground.url)
            await page.wait_for_selector(".s-places button")
            tour = playground.tour
            if not isinstance(tour, FeatureTour):
                raise TypeError("another tour is told")
            await tour.start()
            while not tour.is_over.is_set():
                waiting = [asyncio.ensure_future(event.wait()) for event in (tour.ready, tour.is_over)]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if tour.ready.is_set():
                    tour.ready.clear()
                    await _take(page, into / f"{tour.name}.png")
                    tour.taken.set()


async def _take(page: Page, file: Path) -> None:
    """Take a picture with few colours: that makes it small."""
    await page.wait_for_timeout(900)
    await page.evaluate(_TO_THE_END)
    await page.wait_for_timeout(200)
    raw = Image.open(io.BytesIO(await page.screenshot(clip=_PANES))).convert("RGB")  # type: ignore[arg-type]
    raw.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> int:
    """Take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.playground.tour.features", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("docs/pictures"), help="folder (default: docs/pictures)")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(take_pictures(given.into))
    except LookupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
