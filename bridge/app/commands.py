"""Runs the command that was chosen, and says what is wrong where it cannot."""

import asyncio
import os
import sys
from importlib import import_module
from types import SimpleNamespace

from bridge.app.event_loop import new_event_loop
from bridge.domain.errors import BridgeError
from config.apart import begin_reading
from config.log_setup import start_logging
from config.settings import Settings, SettingsError

_STOPPED_BY_KEYBOARD = 130


def run(chosen: SimpleNamespace) -> int:
    """Run the command and return its exit code."""
    try:
        match chosen.command:
            case "chat":
                _chat(sandbox=chosen.sandbox)
            case "config":
                _config(as_json=chosen.json, only_set=chosen.only_set)
            case "forget":
                _forget(chosen.person)
            case "check":
                return _check(as_json=chosen.json, offline=chosen.offline)
            case "init":
                return _init()
            case "sessions" | "usage" | "dead":
                return _operate(chosen)
            case _:
                _serve(serves_web=chosen.command == "web", ends_sessions=chosen.end_sessions)
    except (SettingsError, BridgeError) as error:
        for line in str(error).splitlines():
            print(line, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _STOPPED_BY_KEYBOARD
    return 0


# Each command imports its own part late: a wrong setting need not wait for the libraries of every channel.


def _serve(*, serves_web: bool, ends_sessions: bool) -> None:
    settings_read = begin_reading()
    from bridge.app import bootstrap  # noqa: PLC0415 - a worker alone needs it, and the settings are read meanwhile

    settings = start_logging(settings_read())
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(bootstrap.run_worker(settings, serves_web=serves_web, ends_sessions=ends_sessions))


def _quiet_settings(*, need_channel: bool = True) -> Settings:
    """Read the settings and start logging, of errors alone unless another level was set: the output is what counts."""
    from config.reading.loading import load_settings  # noqa: PLC0415 - as above: a worker reads them in a process apart

    return start_logging(load_settings(need_channel=need_channel).quiet())


def _init() -> int:
    from bridge.app.operate import init  # noqa: PLC0415 - as above

    return init.run()


def _operate(chosen: SimpleNamespace) -> int:
    """Run a command that looks at what all workers share. It needs no channel."""
    settings = _quiet_settings(need_channel=False)
    module = import_module(f"bridge.app.operate.{chosen.command}")
    return int(asyncio.run(module.run(settings, chosen)))


def _check(*, as_json: bool, offline: bool) -> int:
    """Try everything; where the settings cannot be read, what is wrong with them is what was found."""
    from bridge.app.check import check  # noqa: PLC0415 - as above
    from bridge.app.texts import use_texts  # noqa: PLC0415 - as above

    try:
        settings = _quiet_settings()
        use_texts(settings)
    except SettingsError as error:
        findings = check.of_settings(error)
    else:
        findings = asyncio.run(check.find(settings, opens_sessions=not offline))
    (check.show_json if as_json else check.show)(findings)
    return check.exit_code(findings)


def _config(*, as_json: bool, only_set: bool) -> None:
    """Show the settings. They need not suffice for a start: a channel may be missing."""
    from bridge.app.operate import show_config  # noqa: PLC0415 - as above
    from config.reading.loading import load_settings  # noqa: PLC0415 - as above

    settings = load_settings(need_channel=False)
    (show_config.show_json if as_json else show_config.show)(settings, only_set=only_set)


def _forget(person: str) -> None:
    settings = _quiet_settings(need_channel=False)
    from bridge.app.operate import forget  # noqa: PLC0415 - as above

    key = forget.person_of(person)
    for line in forget.report(asyncio.run(forget.forget(settings, key)), key):
        print(line)


def _chat(*, sandbox: bool) -> None:
    """Run the terminal channel. With `sandbox` this process becomes that of the stand-ins, which the product lacks."""
    if sandbox:
        os.execv(sys.executable, [sys.executable, "-m", "sandbox", "chat"])  # noqa: S606 - our own module, no shell
    from bridge.app import chat  # noqa: PLC0415 - as above

    asyncio.run(chat.run_chat(chat.chat_settings({})))
