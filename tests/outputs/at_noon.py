"""Runs the command line with a wall clock that stands still, so that its output can be compared."""

import sys
import time

NOON = 1_795_780_800.0
"""2026-11-27 12:00 UTC."""

if __name__ == "__main__":
    time.time = lambda: NOON
    from bridge.app.cli import main  # the clock stops before any module looks at it

    sys.exit(main())
