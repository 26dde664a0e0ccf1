"""What came along with a message, out of Telegram's document. Pure."""

from collections.abc import Mapping
from typing import Any

from bridge.domain.files import Attachment

_LONGEST_NAME = 200


def attachments_in(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Return the document of a message; of a picture or the like nothing is known that could be read.

    Raises as `adapters.telegram.inbound.update_parser.read_update`.
    """
    document = message.get("document")
    if document is None:
        return ()
    name = str(document.get("file_name") or "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return (Attachment(name[:_LONGEST_NAME], int(document.get("file_size") or 0), str(document["file_id"])),)
