"""The tour plays by itself, and the pictures are taken of it."""

from pathlib import Path

import pytest
from PIL import Image

from sandbox.playground.tour.pictures import LARGEST_BYTES, take_pictures

FRAMES = 15


@pytest.mark.timeout(150)
async def test_the_tour_ends_with_everything_closed_and_its_pictures_can_be_made(tmp_path: Path) -> None:
    await take_pictures(tmp_path, pace=0.25)
    made = {file.name for file in tmp_path.iterdir()}  # noqa: ASYNC240 - nothing else runs
    assert made == {"tour.webp", "light.png", "closed.png", "faults.png", "dark.png", "phone.png"}
    film = tmp_path / "tour.webp"
    assert film.stat().st_size < LARGEST_BYTES
    with Image.open(film) as opened:
        assert getattr(opened, "n_frames", 1) >= FRAMES
        assert opened.size == (1280, 800)
    with Image.open(tmp_path / "phone.png") as phone:
        assert phone.size == (390, 844)
