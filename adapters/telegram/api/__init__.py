"""The Bot API: client and errors. Not what is said with it."""

import os

os.environ.setdefault("PTB_TIMEDELTA", "1")
"""The library's switch for durations as timedelta. Without it every 429 warns of the coming change."""
