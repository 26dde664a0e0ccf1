"""What bolt and the SDK say, without payloads, tokens and socket tickets."""

import logging
import re

_SECRET = re.compile(r"xox[a-z]-[^\s'\"]+|xapp-[^\s'\"]+|wss?://[^\s'\"]+")
_LONGEST = 300
VENDOR_LOG = logging.getLogger("adapters.slack.vendor")
"""Given to bolt and to the SDK in place of their own loggers. They copy its level and filter to all of theirs."""


class _Discreet(logging.Filter):
    """Shortens, redacts, and drops tracebacks, which would show answers in full."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; let it through."""
        first_line = record.getMessage().partition("\n")[0]
        record.msg = _SECRET.sub("…", first_line)[:_LONGEST]
        record.args = ()
        record.exc_info = None
        record.exc_text = None
        return True


if not VENDOR_LOG.filters:
    VENDOR_LOG.addFilter(_Discreet())
# Set outright: at DEBUG, or with no level of its own, the SDK writes every request, answer and frame.
VENDOR_LOG.setLevel(logging.ERROR)
