"""Where questions wait, one list for each thread."""

from adapters.redis_store.codec import pack, question_to_json, unpack
from adapters.redis_store.commands import Commands
from adapters.redis_store.keys import Keys, StoreLimits, milliseconds
from bridge.models import Appended, Question


class RedisInbox:
    """The `Inbox` port on Redis."""

    def __init__(self, commands: Commands, keys: Keys, limits: StoreLimits) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits

    async def append(self, question: Question) -> Appended:
        """Remove duplicates and append, in one step.

        A message seen before under any of its dedupe keys is seen under all of them from then on. One that is
        turned away because the inbox is full counts as seen; one that is not addressed to the bridge does not.
        """
        keys, limits, thread = self._keys, self._limits, question.thread
        aliases = dict.fromkeys((question.id, *question.dedupe_keys))
        became = await self._commands.script(
            "append",
            [
                keys.inbox(thread),
                keys.bodies(thread),
                keys.known(thread),
                keys.due,
                keys.bell,
                keys.counters,
                *(keys.seen(alias) for alias in aliases),
            ],
            [
                str(thread),
                pack(question.id),
                question_to_json(question),
                int(question.addressed),
                limits.inbox_length,
                milliseconds(limits.dedupe_s),
                milliseconds(limits.known_thread_s),
                limits.bell_length,
            ],
        )
        return Appended(unpack(became))
