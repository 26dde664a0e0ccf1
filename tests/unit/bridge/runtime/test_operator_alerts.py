"""Each cause is told once an hour, whichever question meets it."""

import pytest

from bridge.domain.errors import AgentKeyRefused, AgentNotText, ChannelTokenRefused, Misconfigured
from bridge.runtime.clock import SystemClock
from bridge.runtime.operator_alerts import REPEAT_AFTER_S, OperatorAlerts


class _Clock(SystemClock):
    at = 0.0

    def monotonic(self) -> float:
        return self.at


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().removeprefix("an operator has to act: ") for record in caplog.records]


def test_each_account_and_each_agent_is_told_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    """B8: the operator sees each cause once, not per message."""
    alerts = OperatorAlerts(_Clock())
    causes = [
        ChannelTokenRefused("TELEGRAM_BOT_TOKENS, number 1: Telegram refuses this token."),
        ChannelTokenRefused("TELEGRAM_BOT_TOKENS, number 2: Telegram refuses this token."),
        Misconfigured("agent a, which a route or a bot's setting names: this is a voice agent"),
        Misconfigured("agent b, which a route or a bot's setting names: this is a voice agent"),
        AgentNotText("TALKIFAI_AGENT_ID: this is a voice agent"),
    ]
    for _ in range(3):
        for cause in causes:
            alerts.tell(cause)

    assert _told(caplog) == [str(cause) for cause in causes]


def test_the_details_of_one_call_make_no_new_cause(caplog: pytest.LogCaptureFixture) -> None:
    clock = _Clock()
    alerts = OperatorAlerts(clock)
    alerts.tell(AgentKeyRefused("TALKIFAI_API_KEY: refused (TalkifAI answered 401 to open: request 1)"))
    alerts.tell(AgentKeyRefused("TALKIFAI_API_KEY: refused (TalkifAI answered 401 to ask: request 2)"))
    assert len(_told(caplog)) == 1

    clock.at += REPEAT_AFTER_S + 1
    alerts.tell(AgentKeyRefused("TALKIFAI_API_KEY: refused (TalkifAI answered 401 to ask: request 3)"))
    assert len(_told(caplog)) == 2
