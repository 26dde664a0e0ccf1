"""What came along with a message, out of Slack's file objects. Pure.

Source: docs.slack.dev, the file object. `hosted` files and `snippet`s are kept by Slack; others are elsewhere, or gone.
"""

from collections.abc import Mapping
from typing import Any

from bridge.domain.files import Attachment

_MOST = 20
_LONGEST_NAME, _LONGEST_ADDRESS = 200, 2_000
_KEPT_BY_SLACK = frozenset({"hosted", "snippet"})


def attachments_in(event: Mapping[str, object]) -> tuple[Attachment, ...]:
    """Return the files of a message. One that Slack does not keep has no address."""
    files = event.get("files")
    return tuple(map(_attachment, files[:_MOST])) if isinstance(files, list) else ()


def _attachment(file: Any) -> Attachment:
    facts = file if isinstance(file, Mapping) else {}
    name, size = facts.get("name"), facts.get("size")
    # `url_private` may lead on to another host (seen for PDFs), the other one gives the bytes.
    address = facts.get("url_private_download") or facts.get("url_private")
    is_kept = facts.get("mode") in _KEPT_BY_SLACK and not facts.get("is_external")
    return Attachment(
        name[:_LONGEST_NAME] if isinstance(name, str) else "",
        size if isinstance(size, int) and size > 0 else 0,
        address if is_kept and isinstance(address, str) and len(address) <= _LONGEST_ADDRESS else "",
    )
