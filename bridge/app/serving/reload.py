"""SIGHUP: what may change while the bridge runs is read again."""

import asyncio
import logging
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

from bridge.runtime.clock import SystemClock
from bridge.runtime.supervisor import Supervisor
from config.settings import SECTIONS, Settings, SettingsError

log = logging.getLogger(__name__)

_STDIN = 0
_AT_ONCE = re.compile("_(ALLOWED|DENIED)_|^BRIDGE_(BUDGET_|PERSON_|LANGUAGE$)")
"""The variables that take effect at a reload."""


class Reload:
    """Reads the settings again and hands what may change to the parts that use it.

    Args:
        settings: Those of the start.
        read: Reads them again. Blocks. Raises `SettingsError`.
        apply: Lets the new ones hold: routes, lists, limits and texts. What is under way goes on as it began. Raises
            `SettingsError`, before anything has changed.
    """

    def __init__(self, settings: Settings, read: Callable[[], Settings], apply: Callable[[Settings], None]) -> None:
        self._at_start = settings
        self._read = read
        self._apply = apply

    async def __call__(self) -> None:
        """Reload. Where the new settings are wrong, everything stays as it is and the log says why."""
        try:
            settings = await asyncio.to_thread(self._read)
            self._apply(settings)
        except SettingsError as error:
            for line in error.lines:
                log.error("not reloaded: %s", line)  # noqa: TRY400 - no traceback wanted
            return
        for warning in settings.warnings:
            log.warning("%s", warning)
        for variable in _changed(self._at_start, settings):
            log.warning("%s was changed: that takes effect at the next start", variable)
        log.info("reloaded: %d routes, %d own texts", len(settings.routes), len(settings.texts))


@asynccontextmanager
async def on_hangup(reload: Reload, stop: asyncio.Event) -> AsyncIterator[None]:
    """Reload at SIGHUP inside the block. In a terminal the signal says that it was closed: then stop."""
    asked = asyncio.Event()

    async def follow() -> None:
        while True:
            await asked.wait()
            asked.clear()
            await reload()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, stop.set if os.isatty(_STDIN) else asked.set)
    following = asyncio.ensure_future(Supervisor(SystemClock()).keep_running("reload", follow))
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def _changed(before: Settings, after: Settings) -> Iterator[str]:
    """Yield the variables whose values differ, and that a reload leaves as they were."""
    for name, section in SECTIONS.items():
        for field, variable in section.variables().items():
            if _AT_ONCE.search(variable):
                continue
            if getattr(getattr(before, name), field) != getattr(getattr(after, name), field):
                yield variable
