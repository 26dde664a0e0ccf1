"""Posts files, each in one call, and reads files. No upload is unseen, and no bot can look for one."""

from adapters.telegram.api.client import Client
from adapters.telegram.api.errors import Call, translated
from adapters.telegram.outbound.messages import Sender, chat_scope
from adapters.telegram.outbound.reply_chains import ReplyChains
from bridge.domain.errors import FileUnreadable, LookupUnsupported, MessageGone, PageRejected, PlaceGone
from bridge.domain.files import Attachment, ResultFile
from bridge.domain.incoming import Question
from bridge.domain.threads import Address


class TelegramFiles:
    """As `bridge.ports.channel_capabilities.Files`."""

    def __init__(self, client: Client, sender: Sender, chains: ReplyChains) -> None:
        self._client = client
        self._sender = sender
        self._chains = chains

    async def upload(self, address: Address, file: ResultFile) -> str:
        """Do nothing: `share` does both."""
        del address, file
        return ""

    async def share(self, address: Address, file: ResultFile, upload_id: str) -> None:
        """Post the file."""
        del upload_id
        self._chains.note(address, await self._sender.send_file(address, file))

    async def is_shared(self, address: Address, turn_id: str, upload_id: str) -> bool:
        """Raise: the Bot API has no way to read a chat."""
        del address, turn_id, upload_id
        raise LookupUnsupported("Telegram cannot be searched")

    async def read(self, question: Question, file: Attachment, at_most: int) -> bytes:
        """Ask where the file is, and read its beginning there."""
        try:
            with translated(Call.OTHER, chat_scope(question.address)):
                found = await self._client.bot.get_file(file.ref)
        except (PageRejected, MessageGone, PlaceGone) as error:
            raise FileUnreadable(str(error)) from None
        # On a Bot API server in local mode this is a path on the server's own disk: such a file is not read.
        return await self._client.read_file(found.file_path or "", at_most)
