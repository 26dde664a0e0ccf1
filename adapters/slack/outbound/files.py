"""Files go out, in three steps: an address to upload to, the upload, the call that shows the file. And files are read.

Sources: docs.slack.dev, files.getUploadURLExternal, files.completeUploadExternal and the file object. Slack shows a
file a moment after the last call has returned (bolt-js#2115), and answers a token that may not read one with a page
to sign in, and 200 (bolt-js#2585).
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Protocol

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api.errors import Call, translated
from adapters.slack.api.file_hosts import is_slacks_own
from adapters.slack.api.identity import BotIdentity
from adapters.slack.outbound.message_lookup import has_file
from bridge.domain.errors import ChannelUnavailable, FileUnreadable, PageRejected
from bridge.domain.files import Attachment, ResultFile
from bridge.domain.incoming import Question
from bridge.domain.threads import Address


class Workplace(Protocol):
    """A workspace, as far as files need it."""

    @property
    def client(self) -> AsyncWebClient:
        """Slack's Web API with the workspace's token."""
        ...

    @property
    def workspace(self) -> BotIdentity:
        """Who the app is there."""
        ...


class SlackFiles:
    """As `bridge.ports.channel_capabilities.Files`.

    Args:
        calling: Gives the workspace of an account for one call.
    """

    def __init__(self, calling: Callable[[str], AbstractAsyncContextManager[Workplace]]) -> None:
        self._calling = calling

    async def upload(self, address: Address, file: ResultFile) -> str:
        """Bring the file up; return its id. No person sees it before it is shared."""
        async with self._calling(address.account) as here:
            with translated(Call("files.getUploadURLExternal", f"slack:{address.account}:files")):
                answer = await here.client.files_getUploadURLExternal(filename=file.name, length=len(file.content))
                data = answer.data if isinstance(answer.data, Mapping) else {}
            file_id, url = data.get("file_id"), data.get("upload_url")
            if not isinstance(file_id, str) or not file_id:
                raise ChannelUnavailable("files.getUploadURLExternal answered without a file_id")
            await _send(here.client, str(url), file)
            return file_id

    async def share(self, address: Address, file: ResultFile, upload_id: str) -> None:
        """Show the file in the thread."""
        # A limit of this method says nothing of posts, which have to hold what no file does.
        call = Call("files.completeUploadExternal", f"slack:{address.account}:files", may_not_repeat=True)
        async with self._calling(address.account) as here:
            with translated(call):
                await here.client.files_completeUploadExternal(
                    files=[{"id": upload_id, "title": file.name}],
                    channel_id=address.place,
                    thread_ts=address.thread or None,
                )

    async def is_shared(self, address: Address, turn_id: str, upload_id: str) -> bool:
        """Look for a message with the file."""
        async with self._calling(address.account) as here:
            return await has_file(here.client, here.workspace, address, turn_id, upload_id)

    async def read(self, question: Question, file: Attachment, at_most: int) -> bytes:
        """Read the beginning. The token goes to Slack's own host for files alone, and follows no redirect."""
        async with self._calling(question.thread.account) as here:
            client = here.client
            if client.session is None or not is_slacks_own(file.ref, client.base_url):
                raise FileUnreadable("Slack names an address for a file that is not its own")
            headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": "identity"}
            with translated(Call("the download of a file", f"slack:{question.thread.account}:files")):
                async with client.session.get(
                    file.ref, headers=headers, proxy=client.proxy, allow_redirects=False
                ) as answer:
                    if answer.status != HTTPStatus.OK:
                        raise FileUnreadable(f"Slack answered {answer.status} to a download")
                    if answer.content_type == "text/html":
                        raise FileUnreadable("Slack gave no file: does the app have the scope files:read?")
                    return await _beginning(answer.content, at_most)


async def _beginning(content: aiohttp.StreamReader, at_most: int) -> bytes:
    read = bytearray()
    async for chunk in content.iter_any():
        read += chunk
        if len(read) >= at_most:
            break
    return bytes(read[:at_most])


async def _send(client: AsyncWebClient, url: str, file: ResultFile) -> None:
    """Post the bytes to the address that Slack named, without the token: the address alone allows it."""
    if client.session is None or not is_slacks_own(url, client.base_url):
        raise PageRejected("Slack named an address for an upload that is not its own")
    with translated(Call("the upload of a file")):
        async with client.session.post(
            url, data=file.content, proxy=client.proxy, allow_redirects=False, headers={"Content-Type": "text/plain"}
        ) as answer:
            status = answer.status
    if status != HTTPStatus.OK:
        is_server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise (ChannelUnavailable if is_server_error else PageRejected)(f"Slack answered {status} to an upload")
