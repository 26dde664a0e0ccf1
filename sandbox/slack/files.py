"""Slack's files: those that the bot uploads in three steps, and those that people attach. As strict as the docs say.

Sources: docs.slack.dev, files.getUploadURLExternal, files.completeUploadExternal and the file object; that a missing
scope or token is answered by a page to sign in, with 200, was seen by many (bolt-js#2585).
"""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.slack.rules import Answer, Params, Refused, Rules
from sandbox.slack.workspace import SlackMessage, SlackWorkspace

SIGN_IN_PAGE = "<!DOCTYPE html><html><body>Sign in to your workspace</body></html>"


@dataclass(slots=True)
class SlackFile:
    """One file, as far as it has come."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    """None until it was uploaded."""
    title: str = ""
    shares: int = 0
    """How often it was shown."""


@dataclass(frozen=True, slots=True)
class Download:
    """One request for a file's content."""

    file_id: str
    authorization: str


class Files(Rules):
    """The methods for files of one workspace.

    Args:
        posted: Takes each message that shows a file.
        address: Returns where the stand-in is, such as `http://127.0.0.1:8701`.
    """

    _ids = itertools.count(1)

    def __init__(
        self,
        workspace: SlackWorkspace,
        scopes: set[str],
        posted: Callable[[SlackMessage, Params], None],
        address: Callable[[], str],
    ) -> None:
        super().__init__(workspace, scopes)
        self._posted = posted
        self._address = address
        self.files: dict[str, SlackFile] = {}
        self.refuses: str = ""
        """Slack's code where the team lets no app upload: `file_uploads_disabled`."""
        self.uploads_to = ""
        """Another address to upload to than the stand-in's own."""
        self.methods: Mapping[str, Callable[[Params], Answer]] = {
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete,
        }

    def attach(
        self, name: str, content: bytes, mimetype: str = "text/plain", *, address: str = "", **facts: Any
    ) -> Answer:
        """Add a file of a person; return it as events show it. `address`: where it claims to be."""
        file = self._new(name, len(content))
        file.content = content
        shown = self._shown(file) | {"mimetype": mimetype}
        if address:
            shown |= {"url_private": address, "url_private_download": address}
        return shown | facts

    def _upload_url(self, params: Params) -> Answer:
        self._need("files:write")
        name, length = params.get("filename"), str(params.get("length") or "")
        if not isinstance(name, str) or not name or not length.isdecimal() or int(length) == 0:
            raise Refused("missing_argument")
        if self.refuses:
            raise Refused(self.refuses)
        file = self._new(name, int(length))
        return {"upload_url": f"{self.uploads_to or self._address()}/upload/v1/{file.id}", "file_id": file.id}

    def take(self, file_id: str, content: bytes) -> bool:
        """Take what is uploaded; False where it is not what was announced."""
        file = self.files.get(file_id)
        if file is None or file.content is not None or len(content) != file.length:
            return False
        file.content = content
        return True

    def _complete(self, params: Params) -> Answer:
        self._need("files:write")
        wanted = params.get("files")
        wanted = json.loads(wanted) if isinstance(wanted, str) else wanted
        if not isinstance(wanted, list) or not wanted:
            raise Refused("invalid_arguments")
        files = [self.files.get(str(one.get("id"))) for one in wanted]
        if any(file is None or file.content is None for file in files):
            raise Refused("file_not_found")
        place = self._writable({"channel": params.get("channel_id")})
        thread_ts = self._thread_in(place, params)
        shared = [file for file in files if file is not None]
        for file, one in zip(shared, wanted, strict=True):
            file.title, file.shares = str(one.get("title") or file.name), file.shares + 1
        space = self._workspace
        message = SlackMessage(
            ts=space.new_ts(),
            place=place.id,
            user=space.bot_user_id,
            text="",
            thread_ts=thread_ts,
            bot_id=space.bot_id,
            app_id=space.app_id,
            files=[self._shown(file) for file in shared],
        )
        space.add(message)
        self._posted(message, {})
        return {"files": [{"id": file.id, "title": file.title} for file in shared]}

    def _new(self, name: str, length: int) -> SlackFile:
        file = SlackFile(f"F{next(self._ids):04d}SANDBOX", name, length)
        self.files[file.id] = file
        return file

    def _shown(self, file: SlackFile) -> Answer:
        address = f"{self._address()}/files-pri/{self._workspace.team_id}-{file.id}"
        return {
            "id": file.id,
            "name": file.name,
            "title": file.title or file.name,
            "mimetype": "text/plain",
            "filetype": file.name.rpartition(".")[2],
            "size": file.length,
            "mode": "hosted",
            "is_external": False,
            "file_access": "visible",
            "url_private": f"{address}/{file.name}",
            "url_private_download": f"{address}/download/{file.name}",
        }

    def may_read(self) -> bool:
        """Say whether the app may read files."""
        return "files:read" in self._scopes


def sign_in_page() -> web.Response:
    """Return what Slack shows for a file to those who may not have it."""
    return web.Response(text=SIGN_IN_PAGE, content_type="text/html")
