"""What the operator lets the bot do in Slack, and whom it lets ask: the settings that this adapter reads."""

from typing import Literal, Protocol


class SlackOptions(Protocol):
    """Settings under their own names: `follow_ups` is `SLACK_FOLLOW_UPS`. `config.slack.SlackSettings` has them all."""

    @property
    def streaming(self) -> Literal["edit", "status", "native"]:
        """How a reply is shown while it grows."""
        ...

    @property
    def follow_ups(self) -> Literal["thread", "mention"]:
        """Whether a thread that the bot takes part in goes on without mentioning it again."""
        ...

    @property
    def threads_in_dms(self) -> bool:
        """Whether each message at the top level of a DM begins a thread, and so a conversation, of its own."""
        ...

    @property
    def agent_view(self) -> bool:
        """Whether the app has Slack's view for agents: DMs are threads, with a state and a title."""
        ...

    @property
    def prompts(self) -> tuple[str, ...]:
        """Up to four things to ask."""
        ...

    @property
    def thread_context(self) -> bool:
        """Whether what people said earlier in a thread is sent as marked quotes."""
        ...

    @property
    def emails(self) -> bool:
        """Whether the asker's e-mail address becomes TalkifAI's `user_identifier`."""
        ...

    @property
    def control(self) -> Literal["asker", "anyone"]:
        """Who may end a conversation: the person who opened it, or anyone. The asker may also stop an answer."""
        ...

    @property
    def feedback(self) -> bool:
        """Whether people can rate an answer with buttons below it."""
        ...

    @property
    def receipt(self) -> bool:
        """Whether a question carries a reaction until it is answered."""
        ...

    @property
    def external_users(self) -> Literal["refuse", "allow"]:
        """Whether guests, and people of other organisations (Slack Connect), may ask."""
        ...

    @property
    def workflows(self) -> bool:
        """Whether a message of a Workflow Builder workflow that mentions the bot is a question."""
        ...
