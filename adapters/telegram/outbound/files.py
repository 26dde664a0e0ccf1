"""Files go out, each in one call: nothing can be uploaded without being shown, and no bot can read what it sent."""

from adapters.telegram.outbound.messages import Sender
from adapters.telegram.outbound.reply_chains import ReplyChains
from bridge.domain.errors import LookupUnsupported
from bridge.domain.files import ResultFile
from bridge.domain.threads import Address


class TelegramFiles:
    """As `bridge.ports.channel_capabilities.Files`."""

    def __init__(self, sender: Sender, chains: ReplyChains) -> None:
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
