"""The system's own Chromium, found and started without a window: for the pictures and for the tests."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_STARTS_WITHIN_S, _STOPS_WITHIN_S, _LOOK_EVERY_S = 60.0, 15.0, 0.02
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--hide-scrollbars",
)


def find_browser() -> str:
    """Return the path of the browser: `CHROMIUM`, or what the system has; empty where there is none."""
    return os.environ.get("CHROMIUM", "") or next(filter(None, map(shutil.which, _NAMES)), "")


@contextmanager
def chromium() -> Iterator[str]:
    """Start the browser; return the address at which it is steered. Raises `LookupError` where there is none."""
    path = find_browser()
    if not path:
        raise LookupError("no Chromium was found: install it (Debian: apt-get install chromium) or set CHROMIUM")
    with tempfile.TemporaryDirectory(prefix="tb-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(  # noqa: S603 - the system's own browser
            [path, *_ARGUMENTS, "--remote-debugging-port=0", f"--user-data-dir={folder}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _address_in(Path(folder) / "DevToolsActivePort", process)
        finally:
            process.terminate()
            process.wait(_STOPS_WITHIN_S)


def _address_in(file: Path, process: "subprocess.Popen[bytes]") -> str:
    """Wait until the browser has written down its port: it makes the file, then fills it."""
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) > 1:
            return f"http://127.0.0.1:{lines[0]}"
        time.sleep(_LOOK_EVERY_S)
    raise RuntimeError("Chromium does not start")


@asynccontextmanager
async def steered(address: str) -> AsyncIterator[Browser]:
    """Steer a browser that runs; it goes on afterwards."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(address)
        try:
            yield browser
        finally:
            await browser.close()
