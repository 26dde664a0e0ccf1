"""The web server that channels share."""

import logging

import httpx
import pytest

from adapters.web_server import WebServer
from bridge.domain.errors import SettingWrong
from bridge.ports.http import WebAnswer, WebRequest


async def _echo(request: WebRequest) -> WebAnswer:
    return WebAnswer(201, f"{request.headers['x-a']} {request.body.decode()}")


async def _fail(request: WebRequest) -> WebAnswer:
    raise RuntimeError(f"inner matter {request.body!r}")


async def test_a_path_is_served_as_long_as_its_block_lasts() -> None:
    listening = WebServer(port=0, host="127.0.0.1", channels=["telegram"])
    async with listening as server, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}"
        with server.serve("/telegram/100", _echo):
            answered = await client.post(f"{url}/telegram/100", content=b"words", headers={"X-A": "b"})
            assert (answered.status_code, answered.text) == (201, "b words")
            assert (await client.get(f"{url}/telegram/100")).status_code == 405
            with pytest.raises(ValueError, match="already"), server.serve("/telegram/100", _echo):
                pass
        assert (await client.post(f"{url}/telegram/100")).status_code == 503
        assert (await client.post(f"{url}/elsewhere")).status_code == 404
        assert (await client.get(f"{url}/health")).json() == {"status": "ok"}


async def test_a_failure_and_a_body_without_end_are_answered_and_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with WebServer(port=0, host="127.0.0.1") as server, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}/slack/events"
        with server.serve("/slack/events", _fail), caplog.at_level(logging.ERROR):
            failed = await client.post(url, content=b"x")
            assert (failed.status_code, failed.text) == (500, "")
            assert (await client.post(url, content=b"x" * 3_000_000)).status_code == 413


async def test_a_port_that_is_taken_is_named() -> None:
    async with WebServer(port=0, host="127.0.0.1") as server:
        with pytest.raises(SettingWrong, match="PORT"):
            await WebServer(port=server.port, host="127.0.0.1").__aenter__()
