"""The log of a process that shows something."""

import logging
from pathlib import Path

from sandbox.log_file import logging_to


def test_the_log_goes_to_the_file_inside_the_block_alone(tmp_path: Path) -> None:
    path = tmp_path / "stand-ins.log"
    with logging_to(path):
        (handler,) = logging.getLogger().handlers
        logging.getLogger("stand-in").warning("inside")
    logging.getLogger("stand-in").warning("outside")
    assert "inside" in path.read_text()
    assert "outside" not in path.read_text()
    assert handler not in logging.getLogger().handlers
    assert isinstance(handler, logging.FileHandler)
    assert handler.stream is None
