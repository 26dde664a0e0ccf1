"""A playground as people start it, and the system's own Chromium, without a window."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from sandbox.playground.tour.browser import chromium, find_browser, steered

ROOT = Path(__file__).parents[2]
IDLE_S = 8
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]+/")
_STARTS_WITHIN_S = 60.0
_STOPS_WITHIN_S = 30.0
_PATIENCE_MS = 30_000

expect.set_options(timeout=_PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests are skipped, and say so. In CI they then fail: a gap must not look like a pass."""
    ours = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in ours:
        # One event loop for all: the program that steers the browser takes longer to start than a page.
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    if find_browser() or os.environ.get("CI"):
        return
    skip = pytest.mark.skip(reason="no Chromium is installed (Debian: apt-get install chromium), or set CHROMIUM")
    for item in ours:
        item.add_marker(skip)


@pytest.fixture(scope="session")
def playground() -> Iterator[str]:
    """The address of a playground that runs as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.playground", "--no-browser", "--idle", str(IDLE_S)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield _address_of(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOPS_WITHIN_S)
        finally:
            if process.poll() is None:
                process.kill()
            if process.stdout is not None:
                process.stdout.close()
    assert process.returncode == 0


def _address_of(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    said, until = b"", time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until:
        if select.select([process.stdout], [], [], 1.0)[0]:
            more = os.read(process.stdout.fileno(), 65536)
            said += more
            found = _ADDRESS.search(said.decode())
            if found:
                return found[0]
            if not more:
                break
    raise AssertionError(f"the playground did not start:\n{said.decode()}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this test process."""
    with chromium() as address:
        async with steered(address) as opened:
            yield opened


def _is_error(message: ConsoleMessage) -> bool:
    """Say whether the console tells of an error. A refusal of markup is thrown as well: it counts as a page error."""
    return message.type == "error" and "TrustedHTML" not in message.text


@asynccontextmanager
async def window(browser: Browser, url: str) -> AsyncIterator[Page]:
    """Open the page in a window of 1280 x 800. Nothing on it may fail silently."""
    errors: list[str] = []
    # A context of its own: what one test stores in the browser is not there for the next. It is calm, as a system may
    # ask for: sixty pictures a second of what moves cost more than all that is tested.
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
    await page.goto(url)
    await page.wait_for_selector(".s-places button")
    yield page
    await context.close()
    assert errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(playground: str, browser: Browser) -> AsyncIterator[Page]:
    """The page of the playground that all tests share."""
    async with window(browser, playground) as opened:
        yield opened
