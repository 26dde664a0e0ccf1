"""`python -m sandbox.playground.tour.pictures`: take the pictures of README and docs, out of the tour as it plays."""

import argparse
import asyncio
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page

from sandbox.playground.command import Open, opened
from sandbox.playground.options import TOUR_IDLE_S, Options
from sandbox.playground.tour.browser import chromium, steered

LARGEST_BYTES = 1_000_000
"""A README opens at once, and a clone stays small."""
_SIZE = {"width": 1280, "height": 800}
_PHONE = {"width": 390, "height": 844}
_FRAME_S = 0.25
_LAST_FRAME_MS = 3000
_QUALITIES = ((80, 1280), (70, 960), (55, 960), (50, 800))
"""Quality and width of the film, the best that is small enough."""
_TOUR_WITHIN_S = 180.0
_MOMENTS = {"…and finishes it": "light", "…and every conversation": "closed"}
"""When a picture of its own is taken: as soon as a caption begins so."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the film."""

    image: Image.Image
    shown_ms: int


async def take_pictures(into: Path, pace: float = 1.0) -> None:
    """Play the tour and take a film and single pictures of it, into a folder that is there. Raises `LookupError`."""
    idle_s = max(3.0, TOUR_IDLE_S * pace)
    options = Options(idle_after_s=idle_s, pace=pace, browser=False)
    with chromium() as address:
        async with steered(address) as browser, opened(options) as playground:
            await _take(browser, playground, into)


async def _take(browser: Browser, playground: Open, into: Path) -> None:
    page = await _open(browser, playground, "light")
    await playground.tour.start()
    frames = await _film(page, playground, into)
    _write_film(frames, into / "tour.webp")
    await _faults(page, into)
    for theme, name, size in (("dark", "dark.png", _SIZE), ("light", "phone.png", _PHONE)):
        other = await _open(browser, playground, theme, size)
        await other.screenshot(path=into / name)
        await other.close()


async def _open(browser: Browser, playground: Open, theme: str, size: dict[str, int] | None = None) -> Page:
    page = await browser.new_page(viewport=size or _SIZE, color_scheme=theme, locale="en-GB")  # type: ignore[arg-type]
    await page.goto(playground.url)
    await page.wait_for_selector(".s-places button")
    await page.wait_for_timeout(400)
    return page


async def _film(page: Page, playground: Open, into: Path) -> list[Frame]:
    """Take a picture four times a second until the tour is over."""
    frames: list[Frame] = []
    waiting = dict(_MOMENTS)
    async with asyncio.timeout(_TOUR_WITHIN_S):
        while not playground.tour.is_over.is_set():
            began = time.monotonic()
            raw = await page.screenshot()
            caption = str(playground.tour.shown().get("caption", ""))
            for beginning in [beginning for beginning in waiting if caption.startswith(beginning)]:
                (into / f"{waiting.pop(beginning)}.png").write_bytes(raw)
            image = Image.open(io.BytesIO(raw)).convert("RGB")
            await asyncio.sleep(max(0.0, _FRAME_S - (time.monotonic() - began)))
            frames.append(Frame(image, round((time.monotonic() - began) * 1000)))
    return frames


async def _faults(page: Page, into: Path) -> None:
    """Press two faults and show their promises."""
    await page.click("#tab-faults")
    for key in ("duplicate", "cut"):
        await page.click(f"[data-key={key}] .f-press")
        await page.wait_for_selector(f"[data-key={key}].is-kept", timeout=60_000)
    await page.evaluate("document.getElementById('faults').scrollTop = 320")
    await page.screenshot(path=into / "faults.png")


def _write_film(frames: list[Frame], file: Path) -> None:
    """Write an animated WebP that is small enough. Equal pictures in a row become one. Raises `ValueError`."""
    kept: list[Frame] = []
    for frame in frames:
        if kept and kept[-1].image.tobytes() == frame.image.tobytes():
            kept[-1] = Frame(frame.image, kept[-1].shown_ms + frame.shown_ms)
        else:
            kept.append(frame)
    durations = [frame.shown_ms for frame in kept]
    durations[-1] += _LAST_FRAME_MS
    for quality, width in _QUALITIES:
        images = [_scaled(frame.image, width) for frame in kept]
        images[0].save(
            file,
            save_all=True,
            append_images=images[1:],
            duration=durations,
            loop=0,
            quality=quality,
            method=4,
            minimize_size=True,
        )
        if file.stat().st_size < LARGEST_BYTES:
            return
    raise ValueError(f"{file.name} has {file.stat().st_size:,} bytes")


def _scaled(image: Image.Image, width: int) -> Image.Image:
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def main() -> int:
    """Take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.playground.tour.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("docs/pictures"), help="folder (default: docs/pictures)")
    parser.add_argument("--pace", type=float, default=1.0, help="factor for all pauses (default 1)")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(take_pictures(given.into, given.pace))
    except LookupError as error:
        print(error, file=sys.stderr)
        return 1
    for file in sorted(given.into.iterdir()):
        print(f"{file}  {file.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
