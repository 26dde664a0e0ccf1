"""The files for deploying name what exists: commands, files, settings, pages and ports."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.settings import variable_names

_ROOT = Path(__file__).resolve().parents[2]
_DRAIN_AND_REST_S = 22 + 7


def _text(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")


def _procfile() -> dict[str, list[str]]:
    lines = (line.partition(":") for line in _text("Procfile").splitlines())
    return {name: command.split() for name, _, command in lines}


def _explains(command: list[str]) -> bool:
    """Ask a command of ours for its help: it exists when it answers."""
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *command, "--help"], cwd=_ROOT, capture_output=True, check=False
    )
    return done.returncode == 0


def test_each_process_of_the_procfile_is_a_command_of_the_bridge() -> None:
    processes = _procfile()
    assert set(processes) == {"worker", "web", "release"}
    for words in processes.values():
        assert words[:3] == ["python", "-m", "bridge"]
        assert _explains(words[3:]), words
    assert not _explains(["no-such-command"])


def test_the_heroku_button_starts_processes_of_the_procfile() -> None:
    app = json.loads(_text("app.json"))
    assert set(app["formation"]) <= set(_procfile())
    assert app["formation"]["web"]["quantity"] == 0
    assert "https://www.heroku.com/deploy" in _text("README.md")


def test_the_heroku_button_asks_for_settings_that_exist_and_adds_a_redis_that_persists() -> None:
    app = json.loads(_text("app.json"))
    assert set(app["env"]) <= set(variable_names())
    assert {name for name, one in app["env"].items() if one.get("required")} == {
        "TALKIFAI_API_KEY",
        "TALKIFAI_AGENT_ID",
    }
    (addon,) = app["addons"]
    kind, _, plan = addon["plan"].partition(":")
    assert kind == "heroku-redis"
    assert plan.startswith(("premium", "private", "shield"))
    assert plan in _text("docs/deploy.md")


def test_the_image_is_made_of_files_that_exist_and_reach_the_builder() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", _text("Dockerfile"), re.MULTILINE)
    sent = re.findall(r"^!(\S+)$", _text(".dockerignore"), re.MULTILINE)
    assert {"requirements.txt", "bridge", "adapters", "config"} == set(copied) == set(sent)
    assert all((_ROOT / name).exists() for name in copied)


def test_the_image_installs_by_hash_and_runs_without_root() -> None:
    text = _text("Dockerfile")
    assert "--require-hashes -r /requirements.txt" in text
    assert set(re.findall(r"^FROM python:([\d.]+)-slim", text, re.MULTILINE)) == {_text(".python-version").strip()}
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    assert re.search(r"^RUN python -m compileall -q adapters bridge config\n(?s:.+)^USER ", text, re.MULTILINE)
    entry = re.search(r"^ENTRYPOINT (\[.+\])$", text, re.MULTILINE)
    command = re.search(r"^CMD (\[.+\])$", text, re.MULTILINE)
    assert entry is not None
    assert command is not None
    assert json.loads(entry[1]) == ["python", "-m", "bridge"]
    assert _explains(json.loads(command[1]))


@pytest.mark.parametrize("name", ["compose.yaml", "deploy/kubernetes.yaml"])
def test_a_container_file_names_settings_commands_and_pages_that_exist(name: str) -> None:
    text = _text(name)
    named = set(re.findall(r"\b(?:TALKIFAI|SLACK|TELEGRAM|REDIS|BRIDGE)_[A-Z_]+\b", text))
    assert {"REDIS_URL", "BRIDGE_METRICS_PORT"} <= named <= set(variable_names())
    (command,) = re.findall(r'^ +(?:command|args): (\["\w+"\])$', text, re.MULTILINE)
    assert _explains(json.loads(command))
    pages = _text("bridge/app/serving/health_pages.py")
    asked = re.findall(r"/(?:livez|readyz)\b", text)
    assert asked
    assert all(f'"{page}"' in pages for page in asked)
    (port,) = set(re.findall(r'BRIDGE_METRICS_PORT\W+(?:value: )?"(\d+)"', text))
    assert re.search(rf"(?:127\.0\.0\.1:|containerPort: ){port}\b", text)
    assert "appendonly" in text
    assert "noeviction" in text


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("compose.yaml", r"stop_grace_period: (\d+)s"),
        ("deploy/kubernetes.yaml", r"terminationGracePeriodSeconds: (\d+)"),
        ("deploy/talkifai-bridge.service", r"TimeoutStopSec=(\d+)"),
    ],
)
def test_no_platform_kills_a_worker_that_still_finishes_its_replies(name: str, pattern: str) -> None:
    """Every file waits longer than the bridge needs by default."""
    found = re.search(pattern, _text(name))
    assert found is not None
    assert int(found[1]) > _DRAIN_AND_REST_S


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_compose_reads_its_file(tmp_path: Path) -> None:
    docker = str(shutil.which("docker"))
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("docker compose is not installed")
    shutil.copy(_ROOT / "compose.yaml", tmp_path)
    (tmp_path / ".env").write_text(_text(".env.example"), encoding="utf-8")
    command = [docker, "compose", "--file", str(tmp_path / "compose.yaml"), "config", "--quiet"]
    subprocess.run(command, check=True, timeout=30)


def test_the_unit_starts_an_installed_command() -> None:
    unit = _text("deploy/talkifai-bridge.service")
    start = re.search(r"^ExecStart=\S+/([\w-]+) (\w+)$", unit, re.MULTILINE)
    assert start is not None
    assert start[1] in tomllib.loads(_text("pyproject.toml"))["project"]["scripts"]
    assert _explains([start[2]])
    named = set(re.findall(r"^Environment=(\w+)=", unit, re.MULTILINE))
    assert named <= set(variable_names())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """With a program that exists here: systemd looks for it."""
    unit = re.sub(
        r"^ExecStart=\S+", f"ExecStart={sys.executable}", _text("deploy/talkifai-bridge.service"), flags=re.MULTILINE
    )
    path = tmp_path / "talkifai-bridge.service"
    path.write_text(unit, encoding="utf-8")
    done = subprocess.run(
        [str(shutil.which("systemd-analyze")), "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert path.name not in done.stderr
