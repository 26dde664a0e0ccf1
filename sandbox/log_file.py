"""Where this process logs while people look at something else."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write the log to a file inside the block, and close it at the end."""
    handler = logging.FileHandler(path)
    logging.basicConfig(handlers=[handler], force=True)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
