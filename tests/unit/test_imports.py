"""What a worker loads before it knows its channels: each library that is not needed costs memory on every dyno."""

import subprocess
import sys

_CHANNELS = ("slack_bolt", "slack_sdk", "telegram")
_OF_COMMANDS = ("argparse", "dotenv", "pydantic", "pydantic_core", "typer")
"""What reads settings and the command line is not needed afterwards."""
_WHERE_INSTALLED = ("greenlet", "opentelemetry", "rich")
"""What structlog and redis load where they find it."""
_RARE = ("cryptography.fernet", "regex")
_UNNEEDED = (*_CHANNELS, *_OF_COMMANDS, *_WHERE_INSTALLED, *_RARE, "aiohttp.web", "prometheus_client")
_LOAD = "import sys; from {module} import {name}; print([name for name in {wanted!r} if name in sys.modules])"


def _loaded(module: str, name: str, wanted: tuple[str, ...]) -> str:
    code = _LOAD.format(module=module, name=name, wanted=wanted)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_worker_loads_no_library_of_a_channel_or_page_that_is_not_set() -> None:
    assert _loaded("bridge.app.bootstrap", "run_worker", _UNNEEDED) == "[]"


def test_a_worker_with_slack_alone_loads_nothing_of_telegram_and_no_encryption() -> None:
    assert _loaded("adapters.slack.channel", "SlackChannel", ("telegram", "cryptography.fernet", "rich")) == "[]"


def test_a_worker_with_telegram_alone_loads_what_tables_need_with_the_first_one() -> None:
    assert _loaded("adapters.telegram.channel", "TelegramChannel", ("slack_sdk", "rich")) == "[]"


def test_the_command_line_loads_nothing_of_the_worker() -> None:
    wanted = (*_CHANNELS, "pydantic", "redis", "aiohttp", "httpx", "asyncio")
    assert _loaded("bridge.app.command_line", "run_command", wanted) == "[]"


def test_a_start_loads_no_parser_of_the_command_line() -> None:
    assert _loaded("bridge.app.cli", "main", _UNNEEDED) == "[]"
    assert _loaded("bridge.app.commands", "run", _UNNEEDED) == "[]"
