import asyncio
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from config import log_setup
from config.log_setup import set_up_logging, start_logging
from config.settings import Settings

SECRETS = ("canary-one", "rediss://:canary-two@host", "12:canary-three")
log = logging.getLogger("bridge.test")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is the whole process's: put it back."""
    root = logging.getLogger()
    level, hook = root.level, sys.excepthook
    names = (*log_setup._OURS, *log_setup._QUIET, *log_setup._SILENT, log_setup._SETTINGS.name)
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    for ours in [handler for handler in root.handlers if isinstance(handler, log_setup._StderrHandler)]:
        root.removeHandler(ours)
    root.setLevel(level)
    sys.excepthook = hook
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Return what was logged as JSON since the last call."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_json_line_is_one_object_with_its_extras(lines: Callable[[], list[dict[str, Any]]]) -> None:
    set_up_logging("info", "json", [])
    log.info("page %d shown", 2, extra={"wait_s": 0.5, "reason": "ok", "event": "chunk", "level": "high"})
    (line,) = lines()
    assert line["timestamp"].endswith("Z")
    assert "T" in line.pop("timestamp")
    assert line == {
        "message": "page 2 shown",
        "level": "info",
        "logger": "bridge.test",
        "wait_s": 0.5,
        "reason": "ok",
        "event_": "chunk",
        "level_": "high",
    }


def test_a_console_line_has_time_level_words_and_extras(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "console", [])
    log.warning("limit reached", extra={"wait_s": 3})
    line = capsys.readouterr().err
    assert line.rstrip().endswith("limit reached [bridge.test] wait_s=3")
    assert "[warning" in line
    assert "\x1b" not in line


def test_lines_below_the_level_are_not_written(lines: Callable[[], list[dict[str, Any]]]) -> None:
    set_up_logging("warning", "json", [])
    log.info("no")
    log.warning("yes")
    assert [line["message"] for line in lines()] == ["yes"]


def test_setting_up_again_does_not_double_the_lines(lines: Callable[[], list[dict[str, Any]]]) -> None:
    set_up_logging("debug", "console", [])
    set_up_logging("info", "json", [])
    log.info("once")
    assert len(lines()) == 1


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_secret_is_ever_in_a_log_line(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A3: in words, arguments, extras, tracebacks, warnings and broken records, at DEBUG."""
    logging.getLogger().handlers.clear()  # pytest's own raise an error for a record that is broken on purpose
    set_up_logging("debug", log_format, SECRETS)
    for secret in (*SECRETS, "tk_live_canary", "xoxb-canary", "xapp-canary", "eyJcanarycanary.canary"):
        say_in_every_way(secret)
    log.debug("https://api.telegram.org/bot77:canary/getMe")
    err = capsys.readouterr().err
    assert "canary" not in err
    assert err.count("[redacted]") > 50
    assert err.count("was lost: TypeError") == 7


def say_in_every_way(secret: str) -> None:
    log.debug("plain " + secret)  # noqa: G003 - a careless call is the subject
    log.info("argument %s, quoted %r", secret, {"key": secret})
    log.info("extra", extra={"word": secret, "deep": [{"k": (secret,)}], secret: "name", "error": ValueError(secret)})
    try:
        fail(secret)
    except ExceptionGroup:
        log.exception("failed", stack_info=True)
    log.info("%d", secret)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("warned of " + secret, stacklevel=1)
    structlog.get_logger("direct").info("direct " + secret, field=secret)
    sys.excepthook(ValueError, ValueError(secret), None)


def fail(secret: str) -> None:
    raise ExceptionGroup("group " + secret, [ValueError(secret)]) from KeyError(secret)


async def test_what_the_event_loop_reports_is_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """A3: an error in a task that no code awaits."""
    set_up_logging("debug", "json", SECRETS)
    asyncio.get_running_loop().call_exception_handler({"message": "m", "exception": OSError("canary-one")})
    err = capsys.readouterr().err
    assert "OSError: [redacted]" in err
    assert "canary" not in err


@pytest.mark.parametrize(
    ("level", "noisy", "silent"),
    [("debug", "INFO", "WARNING"), ("info", "WARNING", "WARNING"), ("error", "ERROR", "ERROR")],
)
def test_libraries_are_quiet_and_those_that_write_addresses_always(level: str, noisy: str, silent: str) -> None:
    """A3: httpx writes addresses, and Telegram's hold the token."""
    set_up_logging(level, "console", [])
    for name in ("apscheduler", "slack_bolt", "slack_sdk", "telegram"):
        assert logging.getLevelName(logging.getLogger(f"{name}.part").getEffectiveLevel()) == noisy
    for name in ("httpx", "httpcore"):
        assert logging.getLevelName(logging.getLogger(f"{name}.part").getEffectiveLevel()) == silent


@pytest.mark.parametrize("name", ["telegram.ext", "aiohttp.client", "asyncio", "redis", "websockets", "anything"])
def test_no_library_writes_below_info(name: str) -> None:
    """A26: they write whole calls, secrets and messages included."""
    set_up_logging("debug", "console", [])
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
    assert logging.getLogger("bridge.worker.intake").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("adapters.slack").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("shows", [False, True])
def test_what_people_wrote_is_shown_only_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], *, shows: bool
) -> None:
    """A26: no message text at any level."""
    set_up_logging("debug", "json", [], shows_content=shows)
    logging.getLogger("bridge.worker.intake").debug("Question accepted", extra={"content": "zebrafish"})
    assert ("zebrafish" in capsys.readouterr().err) is shows


def test_ctrl_c_is_left_to_python(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "json", [])
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert "uncaught error" not in capsys.readouterr().err


def test_the_settings_secrets_are_redacted(
    settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    """A3: also the password inside the address of Redis, in both spellings."""
    read = settings(REDIS_URL="rediss://:canary%40pw@host:1/0")
    set_up_logging("debug", "json", read.secret_values)
    log.info("%s %s %s", "canary@pw", "canary%40pw", "12:canary-telegram")
    assert json.loads(capsys.readouterr().err)["message"] == "[redacted] [redacted] [redacted]"


@pytest.mark.parametrize("level", ["info", "error"])
def test_warnings_about_settings_are_log_lines(
    settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str], level: str
) -> None:
    """Each is valid JSON, and none is lost at a level that hides other warnings."""
    start_logging(settings(BRIDGE_LOG_FORMAT="json", BRIDGE_LOG_LEVEL=level, BRIDGE_MAX_TURN="7", SLACK_EMAIL="off"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["message"].split(":")[0]) for line in lines] == [
        ("warning", "BRIDGE_MAX_TURN"),
        ("warning", "SLACK_EMAIL"),
    ]


def test_a_process_that_fails_does_not_print_its_secret() -> None:
    """A3: Python's own last words about an error."""
    program = (
        "from config.log_setup import set_up_logging\n"
        "import base64\n"
        "secret = base64.b64decode('Y2FuYXJ5LW9uZQ==').decode()\n"
        "set_up_logging('debug', 'console', [secret])\n"
        "raise RuntimeError(secret)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=40,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == 1
    assert "RuntimeError: [redacted]" in done.stderr
    assert "canary" not in done.stderr + done.stdout
