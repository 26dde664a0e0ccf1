"""All stand-ins at once, and the settings with which the bridge reaches them."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from sandbox.slack.server import SlackStandIn
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.server import TalkifaiStandIn
from sandbox.telegram.server import TelegramStandIn


class Stage:
    """TalkifAI, Slack and Telegram on this machine.

    Args:
        pace: All pauses of the scripted agent are multiplied by it.
    """

    def __init__(self, *, pace: float = 0.0) -> None:
        self.talkifai = TalkifaiStandIn(pace=pace)
        self.slack = SlackStandIn()
        self.telegram = TelegramStandIn()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for stand_in in (self.talkifai, self.slack, self.telegram):
                await stand_in.start()
                stack.push_async_callback(stand_in.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def settings(self) -> dict[str, str]:
        """Everything but Redis."""
        return {**talkifai_settings(self.talkifai), **slack_settings(self.slack), **telegram_settings(self.telegram)}


UNBOUNDED = {
    "BRIDGE_PERSON_LIVE_TURNS": "0",
    "BRIDGE_PERSON_QUESTIONS_PER_HOUR": "0",
    "BRIDGE_PERSON_OPEN_SESSIONS": "0",
}
"""Settings for crowds that a few made-up people play: without the bounds of one person."""


def talkifai_settings(stand_in: TalkifaiStandIn) -> dict[str, str]:
    """Return the variables that lead to a TalkifAI stand-in."""
    return {
        "TALKIFAI_BASE_URL": stand_in.base_url,
        "TALKIFAI_API_KEY": SANDBOX_API_KEY,
        "TALKIFAI_AGENT_ID": TEXT_AGENT_ID,
    }


def slack_settings(stand_in: SlackStandIn) -> dict[str, str]:
    """Return the variables that lead to a Slack stand-in."""
    return {
        "SLACK_API_URL": stand_in.api_url,
        "SLACK_BOT_TOKEN": stand_in.bot_token,
        "SLACK_APP_TOKEN": stand_in.app_token,
    }


def telegram_settings(stand_in: TelegramStandIn) -> dict[str, str]:
    """Return the variables that lead to a Telegram stand-in."""
    return {"TELEGRAM_API_URL": stand_in.api_url, "TELEGRAM_BOT_TOKEN": stand_in.token}
