import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.reading.loading import load_settings
from config.settings import Settings, SettingsError

NEEDED = {
    "TALKIFAI_API_KEY": "tk_live_canary-key",
    "TALKIFAI_AGENT_ID": "8d8ac610-566d-4ef0-9c22-186b2a5ed793",
    "TELEGRAM_BOT_TOKEN": "12:canary-telegram",
}
_OURS = ("TALKIFAI_", "SLACK_", "TELEGRAM_", "BRIDGE_", "REDIS_", "DYNO", "XDG_STATE_HOME")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test starts without settings, in a folder of its own."""
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """Read settings that are whole but for what the test gives."""

    def read(**given: str) -> Settings:
        return load_settings(overrides={**NEEDED, **given})

    return read


@pytest.fixture
def refused() -> Callable[..., tuple[str, ...]]:
    """Return the lines with which settings are refused that are whole but for what the test gives."""

    def read(**given: str) -> tuple[str, ...]:
        with pytest.raises(SettingsError) as caught:
            load_settings(overrides={**NEEDED, **given})
        return caught.value.lines

    return read
