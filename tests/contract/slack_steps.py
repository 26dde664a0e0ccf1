"""What the contract tests of Slack look at."""

from adapters.slack.channel import SlackChannel
from adapters.slack.inbound.event_parser import read_message
from bridge.domain.incoming import Question
from config.slack import SlackSettings
from sandbox.slack import SlackStandIn


def question_of(
    slack: SlackStandIn, channel: SlackChannel, number: int = -1, options: SlackSettings | None = None
) -> Question:
    installed = channel._workspaces.at_hand("")
    assert installed is not None
    question = read_message(slack.deliveries[number].payload, installed.workspace, options or SlackSettings())
    assert isinstance(question, Question)
    return question


def methods(slack: SlackStandIn) -> list[str]:
    return [call.method for call in slack.calls]
