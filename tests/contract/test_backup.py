"""Redis is backed up and restored as docs/deploy.md tells operators to do it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from adapters.redis_store.embedded.binary import find_server


@contextmanager
def running(folder: Path, *, append_only: str) -> Iterator[Redis]:
    """Run a server on a data folder."""
    folder.mkdir(exist_ok=True)
    options = ["--port", "0", "--unixsocket", "s", "--dir", str(folder), "--save", "", "--appendonly", append_only]
    with subprocess.Popen([str(find_server()), *options], cwd=folder, stdout=subprocess.DEVNULL) as server:
        retry = Retry(ConstantBackoff(0.05), 200, (RedisConnectionError, BusyLoadingError))
        client = Redis.from_url(f"unix://{folder}/s", retry=retry, decode_responses=True)
        client.ping()
        yield client
        client.close()
        server.terminate()


def test_a_backup_is_restored_into_an_empty_server_that_appends(short_tmp_path: Path) -> None:
    """The ledger and the workspaces' tokens survive the loss of the server."""
    old, new = short_tmp_path / "old", short_tmp_path / "new"
    with running(old, append_only="yes") as redis:
        redis.xadd("talkifai-bridge:ledger", {"reason": "idle"})
        redis.save()
    new.mkdir()
    shutil.copy(old / "dump.rdb", new / "dump.rdb")
    with running(new, append_only="no") as redis:
        redis.config_set("appendonly", "yes")
        while (
            redis.info("persistence")["aof_rewrite_in_progress"] or redis.info("persistence")["aof_rewrite_scheduled"]
        ):
            redis.execute_command("WAITAOF", 0, 0, 50)  # type: ignore[no-untyped-call]  # the library left it bare
    with running(new, append_only="yes") as redis:
        assert [fields for _, fields in redis.xrange("talkifai-bridge:ledger") or []] == [{"reason": "idle"}]
