"""The embedded server: its data outlive it, and it outlives the bridge that started it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.redis_store import EmbeddedServer, check_server, connect, start_embedded
from adapters.redis_store.embedded import server as embedded_module
from adapters.redis_store.embedded.binary import find_server
from adapters.redis_store.embedded.server import _ask, _socket_path
from bridge.domain.errors import SettingWrong

OWNER = """
import signal, sys, time
from pathlib import Path
from adapters.redis_store import start_embedded
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background of a shell
server = start_embedded(Path(sys.argv[1]))
try:
    print(server.url, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    from adapters.redis_store.embedded.server import _ask
    time.sleep(0.3)
    print(_ask(server._socket_path, b"PING").decode().strip(), flush=True)
    server.stop()
"""


@pytest.fixture(autouse=True)
def _no_heroku(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DYNO", raising=False)


@pytest.fixture
def owner(short_tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that started the server of this folder, at the head of a process group of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(short_tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("unix://")
        yield process
        process.kill()


def say(server: EmbeddedServer, command: str) -> str:
    return _ask(server._socket_path, command.encode()).decode().strip()


def test_data_survive_a_restart(short_tmp_path: Path) -> None:
    first = start_embedded(short_tmp_path)
    assert say(first, "SET kept yes") == "+OK"
    first.stop()
    assert say(first, "PING") == ""
    second = start_embedded(short_tmp_path)
    assert not second.adopted
    assert say(second, "GET kept") == "$3\r\nyes"
    second.stop()


def test_after_a_kill_the_next_start_adopts_the_living_server(
    owner: subprocess.Popen[str], short_tmp_path: Path
) -> None:
    """P3: killed without warning, the bridge finds its server with all keys."""
    beside = start_embedded(short_tmp_path)
    assert beside.adopted
    assert say(beside, "SET kept yes") == "+OK"
    beside.stop()
    owner.kill()
    owner.wait(10)
    after = start_embedded(short_tmp_path)
    assert after.adopted
    assert say(after, "GET kept") == "$3\r\nyes"
    after.stop()
    assert say(after, "PING") == ""


def test_an_adopter_does_not_stop_the_server_of_a_living_owner(
    owner: subprocess.Popen[str], short_tmp_path: Path
) -> None:
    adopter = start_embedded(short_tmp_path)
    adopter.stop()
    assert say(adopter, "PING") == "+PONG"
    owner.kill()
    owner.wait(10)
    start_embedded(short_tmp_path).stop()


def test_the_last_of_two_adopters_stops_the_server(owner: subprocess.Popen[str], short_tmp_path: Path) -> None:
    first, second = start_embedded(short_tmp_path), start_embedded(short_tmp_path)
    owner.kill()
    owner.wait(10)
    first.stop()
    assert say(second, "PING") == "+PONG"
    second.stop()
    assert say(second, "PING") == ""


def test_an_owner_leaves_the_server_to_an_adopter(short_tmp_path: Path) -> None:
    owner = start_embedded(short_tmp_path)
    adopter = start_embedded(short_tmp_path)
    owner.stop()
    assert say(adopter, "PING") == "+PONG"
    adopter.stop()
    assert say(adopter, "PING") == ""


def test_ctrl_c_reaches_the_bridge_and_not_the_server(owner: subprocess.Popen[str]) -> None:
    os.killpg(owner.pid, signal.SIGINT)
    assert owner.stdout is not None
    assert owner.stdout.readline().strip() == "+PONG"
    assert owner.wait(20) == 0


def test_stopping_twice_is_harmless(short_tmp_path: Path) -> None:
    server = start_embedded(short_tmp_path)
    server.stop()
    server.stop()


def test_a_killed_server_is_started_anew(short_tmp_path: Path) -> None:
    first = start_embedded(short_tmp_path)
    assert first._process is not None
    first._process.kill()
    first._process.wait(10)
    second = start_embedded(short_tmp_path)
    assert not second.adopted
    second.stop()
    first.stop()


async def test_many_starts_at_once_share_one_server(short_tmp_path: Path) -> None:
    servers = await asyncio.gather(*(asyncio.to_thread(start_embedded, short_tmp_path) for _ in range(6)))
    assert sum(not server.adopted for server in servers) == 1
    for server in servers:
        await asyncio.to_thread(server.stop)
    assert say(servers[0], "PING") == ""


def test_many_stops_at_once_leave_no_server_behind(short_tmp_path: Path) -> None:
    async def stop_all() -> None:
        servers = [start_embedded(short_tmp_path) for _ in range(6)]
        await asyncio.gather(*(asyncio.to_thread(server.stop) for server in servers))

    asyncio.run(stop_all())
    after = start_embedded(short_tmp_path)
    assert not after.adopted
    after.stop()


def test_the_data_are_for_their_owner_alone(short_tmp_path: Path) -> None:
    data_dir = short_tmp_path / "new" / "folder"
    server = start_embedded(data_dir)
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert server._socket_path.stat().st_mode & 0o077 == 0
    assert (data_dir / "server.log").exists()
    server.stop()


async def test_a_long_path_gets_a_short_socket_elsewhere(short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_tmp_path))
    data_dir = short_tmp_path / ("long " * 15) / ("path%20 " * 10)
    server = start_embedded(data_dir)
    assert len(os.fsencode(server._socket_path)) <= 90
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    adopter = start_embedded(data_dir)
    assert adopter.url == server.url
    redis = connect(server.url)
    assert await redis.ping()
    await redis.aclose()
    adopter.stop()
    server.stop()


async def test_a_path_with_odd_characters_is_a_usable_address(short_tmp_path: Path) -> None:
    server = start_embedded(short_tmp_path / "a b?c#d%41é")
    redis = connect(server.url)
    assert await redis.ping()
    assert await check_server(redis) == []
    await redis.aclose()
    server.stop()


def test_a_socket_folder_of_somebody_else_is_refused(short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_tmp_path))
    (short_tmp_path / f"talkifai-bridge-{os.getuid()}").symlink_to("/")
    with pytest.raises(SettingWrong, match="too long"):
        _socket_path(Path("/" + "x" * 100))


def test_heroku_is_refused(short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNO", "worker.1")
    with pytest.raises(SettingWrong, match=r"^REDIS_URL: .*Heroku"):
        start_embedded(short_tmp_path)


def test_without_a_server_program_the_setting_is_named(short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.redis_store.embedded.binary.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(short_tmp_path))
    with pytest.raises(SettingWrong, match=r"^REDIS_URL: .*embedded"):
        start_embedded(short_tmp_path)


def test_a_server_on_the_search_path_will_do(short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (short_tmp_path / "redis-server").symlink_to(find_server())
    monkeypatch.setattr("adapters.redis_store.embedded.binary.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(short_tmp_path))
    assert find_server() == short_tmp_path / "redis-server"
    server = start_embedded(short_tmp_path / "data")
    assert say(server, "PING") == "+PONG"
    server.stop()


def test_an_unusable_folder_is_named(short_tmp_path: Path) -> None:
    (short_tmp_path / "file").write_text("")
    with pytest.raises(SettingWrong, match=r"^BRIDGE_DATA_DIR: "):
        start_embedded(short_tmp_path / "file" / "data")


def test_spoilt_data_stop_the_start_with_the_servers_own_words(short_tmp_path: Path) -> None:
    (short_tmp_path / "users.lock").touch()  # it is the bridge's own folder
    (short_tmp_path / "appendonlydir").mkdir()
    (short_tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    (short_tmp_path / "appendonly.aof").write_text("nonsense\n")  # where servers before version 7 look
    with pytest.raises(SettingWrong, match=r"^BRIDGE_DATA_DIR: .*does not start"):
        start_embedded(short_tmp_path)


def test_a_server_that_hangs_does_not_hang_the_start(short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start_embedded(short_tmp_path)
    assert server._process is not None
    server._process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(embedded_module, "START_TIMEOUT_S", 0.1)
    with pytest.raises(SettingWrong, match="does not answer"):
        start_embedded(short_tmp_path)
    server._process.send_signal(signal.SIGCONT)
    server.stop()


async def test_a_server_that_dies_is_started_again_with_all_its_keys(short_tmp_path: Path) -> None:
    """R7: the client that was there goes on."""
    server = await asyncio.to_thread(start_embedded, short_tmp_path)
    server.watch()
    client = connect(server.url)
    await client.set("kept", "yes")
    await asyncio.sleep(1.1)  # written to the disk each second
    assert server._process is not None
    server._process.kill()
    async with asyncio.timeout(10):
        while (await asyncio.to_thread(say, server, "GET kept")) != "$3\r\nyes":  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.05)
    assert await client.get("kept") == b"yes"
    await client.aclose()
    await asyncio.to_thread(server.stop)
    assert say(server, "PING") == ""


def test_what_was_deleted_is_in_no_file_after_a_stop(short_tmp_path: Path) -> None:
    """A27: nor is any file open to other users."""
    server = start_embedded(short_tmp_path)
    assert say(server, "SET question canary-words") == "+OK"
    assert say(server, "DEL question") == ":1"
    server.stop()
    files = [path for path in short_tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary-words" in path.read_bytes()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_a_folder_with_other_peoples_files_is_refused_and_left_as_it_is(short_tmp_path: Path) -> None:
    """A27: its files would be closed to everybody else."""
    short_tmp_path.chmod(0o755)
    (short_tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SettingWrong, match=r"^BRIDGE_DATA_DIR: .*not the bridge"):
        start_embedded(short_tmp_path)
    assert short_tmp_path.stat().st_mode & 0o777 == 0o755


def test_the_way_to_a_server_names_no_package_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A27: no text leads people to install what is not ours."""
    monkeypatch.setattr("adapters.redis_store.embedded.binary.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingWrong) as caught:
        find_server()
    assert "talkifai-bridge[" not in str(caught.value)
