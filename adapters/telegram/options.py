"""What the operator lets the bots do in Telegram: the settings that this adapter reads."""

from collections.abc import Mapping
from typing import Literal, Protocol

GroupTrigger = Literal["mention", "all"]
GroupControl = Literal["anyone", "admins"]


class TelegramOptions(Protocol):
    """Settings under their own names: `receipt` is `TELEGRAM_RECEIPT`. `config.telegram.TelegramSettings` has them."""

    @property
    def streaming(self) -> Literal["edit", "status", "native"]:
        """How a reply is shown while it grows."""
        ...

    @property
    def group_trigger(self) -> GroupTrigger:
        """What in a group is a question: what mentions or answers the bot, or everything."""
        ...

    @property
    def group_control(self) -> GroupControl:
        """Who in a group may end a conversation."""
        ...

    @property
    def receipt(self) -> bool:
        """Whether a question carries a reaction until it is answered."""
        ...

    @property
    def feedback(self) -> bool:
        """Whether people can rate an answer with buttons below it."""
        ...

    @property
    def identities(self) -> Mapping[str, str]:
        """E-mail addresses by user id."""
        ...

    @property
    def leave_chats(self) -> bool:
        """Whether a bot leaves a group that it is added to and that is not allowed."""
        ...


def polls_as(bot_id: str) -> str:
    """Return the name under which one worker alone polls for a bot."""
    return f"telegram:{bot_id}"
