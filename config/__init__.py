"""Settings: a module for each section, their loader, and logging."""

import sys
from importlib import import_module

if "structlog" not in sys.modules and "rich" not in sys.modules:
    # Where rich can be imported, structlog loads it for tracebacks in colour, and pygments with it: 6 MB for nothing.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import_module("structlog")
    finally:
        del sys.modules["rich"]
