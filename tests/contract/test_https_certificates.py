"""Whose certificates are trusted over HTTPS: real handshakes, in a process that reads its environment anew."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

_ASK = """
import asyncio, sys, httpx
from adapters.http_transport import Connections, HttpTransport
from bridge.domain.errors import SettingWrong

async def ask():
    async with httpx.AsyncClient(transport=HttpTransport(Connections(1))) as client:
        try:
            print((await client.get(sys.argv[1])).status_code)
        except httpx.HTTPError as error:
            print(type(error).__name__)
        except SettingWrong as error:
            print(error)

asyncio.run(ask())
"""


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Serve with a certificate of an authority whose own is in `ca.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "localhost", ssl=context) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/"


async def _asked(address: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}
    command = [sys.executable, "-c", _ASK, address]
    done = await asyncio.to_thread(
        subprocess.run, command, env={**environment, **variables}, capture_output=True, text=True, check=True
    )
    return str(done.stdout).strip()


async def test_a_file_of_certificates_that_the_environment_names_is_trusted(address: str, tmp_path: Path) -> None:
    assert await _asked(address, SSL_CERT_FILE=str(tmp_path / "ca.pem")) == "204"


async def test_a_certificate_of_an_unknown_authority_is_refused(address: str) -> None:
    assert await _asked(address) == "ConnectError"


async def test_certificates_that_are_not_there_are_a_wrong_setting(address: str, tmp_path: Path) -> None:
    said = await _asked(address, SSL_CERT_FILE=str(tmp_path / "nowhere.pem"))
    assert said.startswith("SSL_CERT_FILE: its certificates cannot be read (No such file or directory).")
