"""Settings: a module for each section, their loader, and logging."""

import sys
from importlib import import_module

if not {"structlog", "rich", "greenlet"} & set(sys.modules):
    # Where rich can be imported, structlog loads it for tracebacks in colour, and pygments with it: 6 MB for nothing.
    # So it does with greenlet, and 1 MB of C++ with it.
    sys.modules |= {"rich": None, "greenlet": None}  # type: ignore[dict-item]
    try:
        import_module("structlog")
    finally:
        del sys.modules["rich"], sys.modules["greenlet"]
