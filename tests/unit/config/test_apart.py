import os
from pathlib import Path

import pytest

from config import apart
from config.apart import load_apart
from config.reading.loading import load_settings
from config.settings import SettingsError
from tests.unit.config.conftest import NEEDED

_CONFIG = """
[agents]
sales = "8d8ac610-566d-4ef0-9c22-186b2a5ed793"
[[routes]]
channel = "telegram"
agent = "sales"
access = { allowed_users = ["@ada"] }
[texts.de]
busy = "Moment."
"""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_process_apart_reads_what_this_one_would(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text(_CONFIG)
    (tmp_path / ".env").write_text("BRIDGE_CONFIG=bridge.toml\nBRIDGE_ALLOW_MENTIONS=U1\nBRIDGE_MAX_TURN=7\n")
    environment.setenv("REDIS_URL", "redis://:canary-password@host")
    read = load_apart()
    assert read == load_settings()
    assert read.places["BRIDGE_CONFIG"] == ".env:1"
    assert "canary-password" in read.secret_values
    assert "canary" not in repr(read)


def test_what_is_wrong_comes_line_by_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BRIDGE_MAX_TURNS", "0")
    environment.setenv("BRIDGE_MAX_PAGES", "many")
    with pytest.raises(SettingsError) as apart:
        load_apart()
    with pytest.raises(SettingsError) as here:
        load_settings()
    assert apart.value.lines == here.value.lines
    assert [line.split(":")[0] for line in apart.value.lines] == ["BRIDGE_MAX_TURNS", "BRIDGE_MAX_PAGES"]


@pytest.mark.usefixtures("environment")
def test_a_folder_of_the_same_name_where_the_bridge_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "__init__.py").write_text("raise SystemExit('not ours')")
    assert load_apart().telegram.enabled


@pytest.mark.usefixtures("environment")
def test_a_process_that_fails_is_a_setting_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.apart._READ", "raise SystemExit(3)")
    with pytest.raises(SettingsError, match=r"^settings: the process that reads them ended with 3\.$"):
        load_apart()
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(SettingsError, match=r"no process can be started .*No such file"):
        load_apart()


@pytest.mark.parametrize("printed", ["print('hello', flush=True)", "print('hello' * 10_000)"])
def test_what_python_runs_before_may_print_something(
    environment: pytest.MonkeyPatch, tmp_path: Path, printed: str
) -> None:
    """Tools that watch programs begin in a `sitecustomize`."""
    (tmp_path / "sitecustomize.py").write_text(printed)
    environment.setenv("PYTHONPATH", str(tmp_path))
    assert load_apart().telegram.enabled


def test_settings_that_are_never_read_to_their_end_are_given_up(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "bridge.toml")
    environment.setenv("BRIDGE_CONFIG", str(tmp_path / "bridge.toml"))
    environment.setattr(apart, "_WITHIN_S", 1.0)
    with pytest.raises(SettingsError, match=r"did not end within 1 s"):
        load_apart()
