"""The playground as a command: everything is started, the address is printed, and Ctrl-C clears it all away."""

import asyncio
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.bridge_process import NotReady
from sandbox.log_file import logging_to
from sandbox.playground.options import Options, read_options
from sandbox.playground.people.choices import Choices
from sandbox.playground.people.slack_visitor import SlackVisitor
from sandbox.playground.people.telegram_visitor import TelegramVisitor
from sandbox.playground.playground import Playground
from sandbox.playground.server import Act, PageServer
from sandbox.playground.show.feed import Feed
from sandbox.playground.tour.tour import Tour
from sandbox.playground.trials.catalogue import TRIALS
from sandbox.playground.trials.runner import TrialRunner

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PAGE_OPENS_S = 1.5


class Open:
    """A playground that runs: its address, and what is in it."""

    def __init__(self, url: str, playground: Playground, tour: Tour) -> None:
        self.url = url
        self.playground = playground
        self.tour = tour


@asynccontextmanager
async def opened(options: Options, story: Callable[[Playground], Tour] = Tour) -> AsyncIterator[Open]:
    """Start everything; stop it at the end of the block. `story`: what the tour tells. Raises `NotReady`."""
    with (
        tempfile.TemporaryDirectory(prefix="tb-play-", ignore_cleanup_errors=True) as folder,
        logging_to(Path(folder) / "stand-ins.log"),
    ):
        async with Playground(options, Path(folder)) as playground, asyncio.TaskGroup() as group:
            trials, tour = TrialRunner(playground, TRIALS), story(playground)
            feed = Feed(playground, trials, tour)
            feed.look()
            looking = group.create_task(feed.run())
            try:
                async with PageServer(feed, acts_of(playground, trials, tour), options.port) as server:
                    yield Open(server.url, playground, tour)
            finally:
                await trials.aclose()
                await tour.stop()
                looking.cancel()


def acts_of(playground: Playground, trials: TrialRunner, tour: Tour) -> Mapping[str, Act]:
    """Return all that a page may ask for, by name."""
    slack, telegram, choices = SlackVisitor(playground), TelegramVisitor(playground), Choices(playground)
    return {
        "slack.say": slack.say,
        "slack.press": slack.press,
        "slack.edit": slack.edit,
        "slack.delete": slack.delete,
        "slack.react": slack.react,
        "slack.home": slack.open_home,
        "slack.messages": slack.open_messages,
        "slack.click": slack.click,
        "slack.stop": slack.stop,
        "telegram.say": telegram.say,
        "telegram.press": telegram.press,
        "telegram.edit": telegram.edit,
        "telegram.delete": telegram.delete,
        "telegram.react": telegram.react,
        "telegram.stopDraft": telegram.stop_draft,
        "choose": choices.choose,
        "worker.remove": choices.remove_worker,
        "trial.press": trials.press,
        "trial.skip": trials.skip,
        "tour.start": tour.start,
        "tour.stop": tour.stop,
    }


def run(arguments: Sequence[str]) -> int:
    """Run the playground until Ctrl-C; return 0, or 1 where the bridge does not start."""
    options = read_options(arguments)
    try:
        return asyncio.run(_until_interrupted(options))
    except NotReady as error:
        print(f"The bridge did not start:\n{error}", file=sys.stderr)
        return 1


async def _until_interrupted(options: Options) -> int:
    interrupted = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    print("Starting Slack, Telegram, TalkifAI, Redis and the bridge…", flush=True)
    serving = asyncio.create_task(_serve(options, interrupted))
    await asyncio.wait([serving, asyncio.create_task(interrupted.wait())], return_when=asyncio.FIRST_COMPLETED)
    if not interrupted.is_set():
        await serving
    await asyncio.wait([serving])
    serving.result()
    print("Stopped: nothing is left running.", flush=True)
    return 0


async def _serve(options: Options, interrupted: asyncio.Event) -> None:
    async with opened(options) as playground:
        print(f"The playground is open, for this machine only:\n\n    {playground.url}\n\nCtrl-C ends it.", flush=True)
        if options.browser:
            await asyncio.to_thread(webbrowser.open, playground.url)
        if options.tour:
            await asyncio.sleep(_PAGE_OPENS_S)
            await playground.tour.start()
        await interrupted.wait()
