"""Documents: those that a bot sends, and those that people send and a bot asks for. Plain state, no network.

Sources: Bot API, `sendDocument` (50 MB), `getFile` (20 MB; the path is good for an hour at least) and `Document`.
"""

import itertools
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.wire import Params, Upload, bad_request

MOST_SENT_BYTES, MOST_READ_BYTES = 50_000_000, 20_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """One file."""

    id: str
    name: str
    content: bytes
    size: int
    """As Telegram says it: a big one need not be there."""
    mime_type: str = "text/plain"

    def as_json(self) -> dict[str, Any]:
        """As `Document` of the Bot API."""
        unique = {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": self.size}
        return {**unique, "file_name": self.name, "mime_type": self.mime_type}


class Documents:
    """All that were ever sent."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._by_id: dict[str, Document] = {}
        self.sent: list[Document] = []
        """By bots, oldest first."""

    def add(self, name: str, content: bytes, mime_type: str = "text/plain", size: int | None = None) -> Document:
        """Keep a document."""
        document = Document(
            f"doc{next(self._numbers)}", name, content, len(content) if size is None else size, mime_type
        )
        self._by_id[document.id] = document
        return document

    def uploaded(self, params: Params) -> Document:
        """Keep the document of a `sendDocument`: a part of the form, named directly or as `attach://…`."""
        given: Any = params.get("document")
        if isinstance(given, str) and given.startswith("attach://"):
            given = params.get(given.removeprefix("attach://"))
        if not isinstance(given, Upload):
            raise bad_request("there is no document in the request")
        if not given.content:
            raise bad_request("file must be non-empty")
        if len(given.content) > MOST_SENT_BYTES:
            raise bad_request("file is too big")
        document = self.add(given.name, given.content)
        self.sent.append(document)
        return document

    def described(self, file_id: str) -> dict[str, Any]:
        """Return what `getFile` says. Raises `Refused`."""
        document = self._by_id.get(file_id)
        if document is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if document.size > MOST_READ_BYTES:
            raise bad_request("file is too big")
        return {**document.as_json(), "file_path": f"documents/{document.id}"}

    def at(self, path: str) -> bytes | None:
        """Return what stands at a path; None where nothing does."""
        document = self._by_id.get(path.removeprefix("documents/"))
        return None if document is None else document.content
