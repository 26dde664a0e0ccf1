"""SIGHUP: what may change while the bridge runs is read again."""

import logging
import os
import signal
from asyncio import AbstractEventLoop, Event
from collections.abc import Callable, Iterator

from config.settings import SECTIONS, Settings, SettingsError

log = logging.getLogger(__name__)

_STDIN = 0


class Reload:
    """Reads the settings again and hands what may change to the parts that use it.

    Args:
        settings: Those of the start.
        read: Reads them again. Raises `SettingsError`.
        apply: Lets the new ones hold: routes, and what belongs to them. What is under way goes on as it began.
    """

    def __init__(self, settings: Settings, read: Callable[[], Settings], apply: Callable[[Settings], None]) -> None:
        self._at_start = settings
        self._read = read
        self._apply = apply

    def __call__(self) -> None:
        """Reload. Where the new settings are wrong, everything stays as it is and the log says why."""
        try:
            settings = self._read()
        except SettingsError as error:
            for line in error.lines:
                log.error("not reloaded: %s", line)  # noqa: TRY400 - no traceback wanted
            return
        self._apply(settings)
        for warning in settings.warnings:
            log.warning("%s", warning)
        for variable in _changed(self._at_start, settings):
            log.warning("%s was changed: that takes effect at the next start", variable)
        log.info("reloaded: %d routes", len(settings.routes))


def on_hangup(loop: AbstractEventLoop, reload: Reload, stop: Event) -> None:
    """Reload at SIGHUP. In a terminal the signal says that it was closed: then stop."""
    loop.add_signal_handler(signal.SIGHUP, stop.set if os.isatty(_STDIN) else reload)


def _changed(before: Settings, after: Settings) -> Iterator[str]:
    """Yield the variables whose values differ."""
    for name, section in SECTIONS.items():
        for field, variable in zip(section.model_fields, section.variable_names(), strict=True):
            if getattr(getattr(before, name), field) != getattr(getattr(after, name), field):
                yield variable
