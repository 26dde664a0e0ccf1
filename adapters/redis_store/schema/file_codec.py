"""A turn's files and a question's attachments, to what Redis keeps and back. As `codec` says of all that is kept."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bridge.domain.files import Attachment, FileMark, SharingState


def files_to_json(files: Mapping[str, FileMark]) -> str:
    """Write how far each file has come."""
    return json.dumps({name: [mark.state.value, mark.upload_id] for name, mark in files.items()})


def files_from_json(raw: str) -> Mapping[str, FileMark]:
    """Read what `files_to_json` wrote. A state that a newer version knows counts as begun: it may be there."""
    known = set(SharingState)
    return {
        name: FileMark(SharingState(state) if state in known else SharingState.BEGUN, upload_id)
        for name, (state, upload_id) in json.loads(raw).items()
    }


def attachments_to_list(files: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Describe what came along with a question."""
    return [{"name": file.name, "size": file.size, "ref": file.ref} for file in files]


def attachments_from_list(files: Any) -> tuple[Attachment, ...]:
    """Read what `attachments_to_list` wrote. A script turns an empty list into an empty object."""
    return tuple(Attachment(file["name"], int(file.get("size", 0)), file.get("ref", "")) for file in files or ())
