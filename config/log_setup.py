"""Logging for the whole process: the standard library's loggers, shown by structlog, without a secret in any line."""

import logging
import os
import sys
from collections.abc import Iterable
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.redaction import Redactor
from config.settings import Settings

_OURS = ("adapters", "bridge", "sandbox")
"""What `debug` is for. Libraries write secrets, names and whole messages at that level: theirs is never below INFO."""
_QUIET = ("apscheduler", "slack_bolt", "slack_sdk", "telegram")
"""Libraries whose INFO lines tell an operator nothing."""
_CONTENT = "content"
"""The field of a record that holds what a person wrote."""
_SILENT = ("httpcore", "httpx")
"""They write whole addresses, and Telegram's hold the bot's token: never below WARNING."""
_SETTINGS = logging.getLogger("config")
"""Its warnings are shown at every level: the operator meant a setting that is ignored."""
_RECORD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def set_up_logging(level: str, log_format: str, secrets: Iterable[str], *, shows_content: bool = False) -> None:
    """Send every log record to standard error, one redacted line each (a traceback follows on the console).

    May be called again; the last call counts.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        log_format: `console` for people, `json` for machines: one object a line.
        secrets: Values that must never be seen. What looks like a token is taken out as well.
        shows_content: Whether lines show what people wrote.
    """
    redactor = Redactor(secrets)
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = _StderrHandler(redactor)
    handler.setFormatter(_Formatter(log_format, redactor, shows_content=shows_content))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(number, logging.INFO))
    for name in _OURS:
        logging.getLogger(name).setLevel(number)
    at_least_warning = max(number, logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.INFO if number <= logging.DEBUG else at_least_warning)
    for name in _SILENT:
        logging.getLogger(name).setLevel(at_least_warning)
    _SETTINGS.setLevel(min(number, logging.WARNING))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    _send_structlog_here()


class _StderrHandler(logging.StreamHandler):  # type: ignore[type-arg] # the class takes no parameter at run time
    """Writes to whatever standard error is at that moment: a live display puts itself there while it is drawn."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(sys.stderr)
        self._redactor = redactor

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the standard library's
        """Say which line could not be logged. The standard library would print its arguments, secrets included."""
        error = sys.exc_info()[0]
        cause = error.__name__ if error else "unknown error"
        line = f"a log record of {record.name} at {record.pathname}:{record.lineno} was lost: {cause}\n"
        try:
            sys.stderr.write(self._redactor.text(line))
        except (OSError, ValueError):
            return  # standard error itself is gone or closed


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Redacts the finished line once more: rendering may have put a secret together."""

    def __init__(self, log_format: str, redactor: Redactor, *, shows_content: bool) -> None:
        def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
            return {redactor.text(str(key)): redactor.value(value) for key, value in event.items()}

        super().__init__(
            foreign_pre_chain=[_take_extras, *(() if shows_content else (_drop_content,)), *_describe()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                *_render(log_format),
            ],
        )
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))


def _describe() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _render(log_format: str) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer()]
    colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return [
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)
    ]


def _take_extras(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the record's `extra` fields into the line; one that has a name of the line's own gets a `_` behind it."""
    record = event["_record"]
    for name, value in vars(record).items():
        if name not in _RECORD_FIELDS:
            taken = name in event or name in {"level", "logger", "timestamp", "exception", "stack", "exc_info"}
            event[f"{name}_" if taken else name] = value
    return event


def _drop_content(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop(_CONTENT, None)
    return event


def _send_structlog_here() -> None:
    """Let a library that logs with structlog itself end up in the same redacted lines."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_describe(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Log an uncaught error: Python's own hook would print it with any secret it holds."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger("bridge").critical("uncaught error", exc_info=(kind, error, traceback))


def start_logging(settings: Settings) -> Settings:
    """Set logging up as the settings say, and log their warnings."""
    bridge = settings.bridge
    set_up_logging(bridge.log_level, bridge.log_format, settings.secret_values, shows_content=bridge.log_content)
    for warning in settings.warnings:
        _SETTINGS.warning(warning)
    return settings
