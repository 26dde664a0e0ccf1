"""All input and output. One adapter never imports another."""

import sys

# None: cannot be imported. httpx loads its own command line where click is there, and rich with it: 5 MB for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
