"""Read the text files that came along with a question, as far as the settings allow and the question leaves room."""

import asyncio
import logging
from collections.abc import Sequence

from bridge.conversation.files.decoding import decoded
from bridge.domain.errors import BridgeError, Misconfigured
from bridge.domain.files import Attachment, FileRules, ReadFile
from bridge.domain.incoming import Question
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import Files, FileSharing
from bridge.runtime.operator_alerts import OperatorAlerts

log = logging.getLogger(__name__)

_MOST_FILES = 10
_WITHIN_S = 8.0
"""For one file; the question waits for it."""
_BYTES_OF_A_CHARACTER = 4
"""At most, in every encoding that is read."""


class FileReader:
    """Reads attachments. Their content is stored only in the words that are sent for the question."""

    def __init__(self, rules: FileRules, alarms: OperatorAlerts) -> None:
        self._rules = rules
        self._alarms = alarms

    async def read(self, channel: Channel, question: Question, at_most: int) -> Sequence[ReadFile]:
        """Return what was read, in order: little more than `at_most` characters. Leaves out what cannot be read.

        Raises nothing but cancellation.
        """
        if not self._rules.extensions or not isinstance(channel, FileSharing):
            return ()
        found: list[ReadFile] = []
        for file in question.files[:_MOST_FILES]:
            room = at_most - sum(len(one.text) for one in found)
            if room > 0 and self._rules.allow_reading(file):
                read = await self._one(channel.files, question, file, room)
                found += [read] if read is not None else []
        return found

    async def _one(self, files: Files, question: Question, file: Attachment, room: int) -> ReadFile | None:
        # One byte more than needed tells whether there are more.
        most = min(room * _BYTES_OF_A_CHARACTER, self._rules.most_bytes)
        try:
            async with asyncio.timeout(_WITHIN_S):
                raw = await files.read(question, file, most + 1)
        except (BridgeError, TimeoutError) as error:
            if isinstance(error, Misconfigured):
                self._alarms.tell(error)
            log.warning("a file could not be read", extra={"question": question.id, "cause": str(error)})
            return None
        is_cut = len(raw) > most
        text = decoded(raw[:most], is_cut=is_cut)
        if text is None:
            log.info("a file is no text", extra={"question": question.id})
            return None
        return ReadFile(file.name, text[:room], is_cut or len(text) > room)
