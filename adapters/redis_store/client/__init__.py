"""The connection, how commands reach Redis, and the check of the server's set-up. No key names."""

import sys
from importlib import import_module
from typing import clear_overloads

if "opentelemetry" not in sys.modules and "redis" not in sys.modules:
    # Where OpenTelemetry can be imported, redis loads it for metrics of its own: 3 MB for nothing. Traces need none.
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]
    try:
        import_module("redis")
    finally:
        del sys.modules["opentelemetry"]
# redis has 750, and Python keeps them for tools that read types at run time: 0.7 MB.
clear_overloads()
