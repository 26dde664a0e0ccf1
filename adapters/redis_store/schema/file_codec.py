"""How far a turn's files have come, to what Redis keeps and back. As `codec` says of all that is kept."""

import json
from collections.abc import Mapping

from bridge.domain.files import FileMark, SharingState


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
