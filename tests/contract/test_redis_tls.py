"""Redis over TLS: real handshakes, with certificates that are made here, before the real server."""

import asyncio
import os
import re
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from adapters.redis_store import RedisStores, check_server, connect
from bridge.domain.errors import SettingWrong, StoreUnavailable
from sandbox.bridge_process import BridgeProcess, NotReady
from sandbox.stage import Stage
from tests.fakes import question
from tests.fault.proxy import Proxy

TlsServer = Callable[..., Awaitable[int]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The one that signs."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """What an operator names in the address."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
async def tls_server(redis_url: str, authority: trustme.CA) -> AsyncIterator[TlsServer]:
    """Start a TLS port before Redis, with a certificate for a name; returns the port."""
    async with AsyncExitStack() as stack:

        async def start(
            name: str = "localhost", *, not_after: datetime | None = None, wants_certificates: bool = False
        ) -> int:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if wants_certificates:
                context.verify_mode = ssl.CERT_REQUIRED
                authority.configure_trust(context)
            authority.issue_cert(name, not_after=not_after).configure_cert(context)
            return (await stack.enter_async_context(Proxy.to(redis_url, tls=context))).port

        yield start


async def refusal(url: str) -> str:
    """Return what an operator reads who starts the bridge with this address."""
    redis = None
    with pytest.raises(SettingWrong, match=r"^REDIS_URL: [^\n]+$") as caught:  # noqa: PT012 - either step may refuse
        redis = connect(url)
        try:
            await check_server(redis)
        finally:
            await redis.aclose()
    assert "canary" not in str(caught.value)
    return str(caught.value)


async def test_a_certificate_of_an_authority_that_the_address_names_is_trusted(
    stores: RedisStores, tls_server: TlsServer, ca_file: Path
) -> None:
    """P5: all that a worker does to Redis goes through TLS: commands, scripts, and the wait for work."""
    redis = connect(f"rediss://localhost:{await tls_server()}/0?ssl_ca_certs={ca_file}")
    assert await check_server(redis) == []
    over_tls = RedisStores(redis)
    waiting = asyncio.ensure_future(over_tls.queue.wait_for_work(2.0))
    await over_tls.inbox.append(question())
    await waiting
    assert await over_tls.queue.claim() is not None
    assert await stores.queue.claim() is None
    await over_tls.aclose()


@pytest.mark.parametrize("authority_named", [False, True], ids=["none named", "another one named"])
async def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_remedy(
    tls_server: TlsServer, tmp_path: Path, *, authority_named: bool
) -> None:
    """P5: the line says how to name the authority."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    option = f"?ssl_ca_certs={tmp_path}/other.pem" if authority_named else ""
    line = await refusal(f"rediss://:canary@localhost:{await tls_server()}/0{option}")
    assert "certificate is not trusted" in line
    assert "ssl_ca_certs=" in line
    assert "REDIS_TLS_VERIFY=false" in line


async def test_a_certificate_for_another_name_is_refused_with_the_remedy(tls_server: TlsServer, ca_file: Path) -> None:
    """P5: and the remedy works: the authority still has to be the right one."""
    port, option = await tls_server("redis.example.com"), f"?ssl_ca_certs={ca_file}"
    for host in ("localhost", "127.0.0.1"):
        line = await refusal(f"rediss://{host}:{port}/0{option}")
        assert "certificate is for another name" in line
        assert "ssl_check_hostname=no" in line
    lax = connect(f"rediss://localhost:{port}/0{option}&ssl_check_hostname=no")
    assert await check_server(lax) == []
    await lax.aclose()
    assert "not trusted" in await refusal(f"rediss://localhost:{port}/0?ssl_check_hostname=no")


async def test_a_certificate_that_has_run_out_is_told_from_an_unknown_one(tls_server: TlsServer, ca_file: Path) -> None:
    """P5: no authority to name would help."""
    port = await tls_server(not_after=datetime.now(UTC) - timedelta(days=1))
    assert "not valid today" in await refusal(f"rediss://localhost:{port}/0?ssl_ca_certs={ca_file}")


async def test_a_server_that_asks_for_a_certificate_gets_the_one_that_the_address_names(
    tls_server: TlsServer, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    """P5: and without one, the line says how to name it."""
    url = f"rediss://localhost:{await tls_server(wants_certificates=True)}/0?ssl_ca_certs={ca_file}"
    own = authority.issue_cert("bridge.example.com")
    own.cert_chain_pems[0].write_to_path(str(tmp_path / "own.pem"))
    own.private_key_pem.write_to_path(str(tmp_path / "own.key"))
    redis = connect(f"{url}&ssl_certfile={tmp_path}/own.pem&ssl_keyfile={tmp_path}/own.key")
    assert await check_server(redis) == []
    await redis.aclose()
    assert "ssl_certfile=" in await refusal(url)


async def test_a_plain_address_on_a_tls_port_is_told_to_begin_with_rediss(tls_server: TlsServer) -> None:
    """P5: the server only hangs up."""
    line = await refusal(f"redis://:canary@localhost:{await tls_server()}/0")
    assert "Begin the address with rediss:// if the server wants TLS" in line


async def test_a_tls_address_on_a_plain_port_is_told_to_begin_with_redis(redis_url: str) -> None:
    """P5: Redis waits for the end of a line that never comes."""
    async with Proxy.to(redis_url) as plain:
        line = await refusal(f"rediss://localhost:{plain.port}/0?socket_connect_timeout=0.3")
    assert "begin the address with redis:// if the server has no TLS" in line


async def test_a_tls_address_on_a_port_of_something_else_is_told_so() -> None:
    """P5: it answers the greeting of TLS in its own way."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert "does not agree to TLS" in await refusal(f"rediss://127.0.0.1:{port}/0")
        assert "does not answer as Redis does" in await refusal(f"redis://127.0.0.1:{port}/0")


async def test_an_address_where_nothing_is_says_which_part_of_it_is_wrong() -> None:
    assert "nothing listens there" in await refusal("redis://127.0.0.1:1/0")
    assert "its host is unknown" in await refusal("redis://nowhere.invalid:6379/0")


async def test_a_server_that_loads_its_data_is_not_taken_for_a_wrong_address() -> None:
    """P3: all is well in a moment."""

    async def load(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"-LOADING Redis is loading the dataset in memory\r\n")
        writer.close()

    async with await asyncio.start_server(load, "127.0.0.1", 0) as server:
        redis = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        with pytest.raises(StoreUnavailable, match="BusyLoading"):
            await check_server(redis)
        await redis.aclose()


@pytest.mark.parametrize(
    "address",
    [
        "redis://:canary@localhost:1/0?ssl_ca_certs={ca}",
        "redis://:canary@localhost:1/0?sokcet_timeout=1",
        "rediss://:canary@localhost:1/0?ssl_cert_reqs=canary",
    ],
)
async def test_an_option_that_the_address_cannot_have_is_named_before_anything_is_sent(
    address: str, ca_file: Path
) -> None:
    """P5: no traceback."""
    assert "has an option that does not exist" in await refusal(address.format(ca=ca_file))


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_authorities_that_cannot_be_read_is_said_at_once(tmp_path: Path, content: str | None) -> None:
    """P5: whether it is missing or holds something else."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    assert "a file that its ssl_ options name" in await refusal(f"rediss://localhost:1/0?ssl_ca_certs={file}")


async def check(folder: Path, settings: dict[str, str]) -> tuple[int | None, str, str]:
    """Run `talkifai-bridge check`; return its exit code and what it wrote to standard output and error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "check"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30.0)
    return process.returncode, out.decode(), err.decode()


async def test_run_and_check_name_an_untrusted_certificate_and_how_to_mend_it(
    tls_server: TlsServer, ca_file: Path, short_tmp_path: Path
) -> None:
    """P5: as the operator sees it, from the real commands."""
    port = await tls_server()
    async with Stage() as stage:
        trusting = {**stage.settings, "REDIS_URL": f"rediss://localhost:{port}/0?ssl_ca_certs={ca_file}"}
        doubting = {**stage.settings, "REDIS_URL": f"rediss://localhost:{port}/0"}

        code, out, _ = await check(short_tmp_path, doubting)
        assert code == 1
        (redis,) = re.findall(
            r"^fail +Redis: (REDIS_URL: the server's certificate is not trusted .+)$", out, re.MULTILINE
        )
        with pytest.raises(NotReady) as caught:
            await BridgeProcess(doubting, short_tmp_path).start()
        assert str(caught.value).strip().rstrip(".").endswith(redis.rstrip("."))

        assert (await check(short_tmp_path, trusting))[0] == 0
        assert (await check(short_tmp_path, {**doubting, "REDIS_TLS_VERIFY": "false"}))[0] == 0
        worker = BridgeProcess(trusting, short_tmp_path, "trusting")
        await worker.start()
        assert await worker.stop() == 0
