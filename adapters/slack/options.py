"""What the operator lets the bot do in Slack, and whom it lets ask."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """The choices behind the `SLACK_…` settings."""

    follows_threads: bool = True
    """Whether a thread that the bot takes part in goes on without mentioning it again."""
    threads_in_dms: bool = False
    """Whether each message at the top level of a DM begins a thread, and so a conversation, of its own."""
    shows_agent_view: bool = False
    """Whether the app has Slack's view for agents: DMs are threads, with a state and a title."""
    prompts: tuple[str, ...] = ()
    """Up to four things to ask, for the agent view."""
    quotes_thread: bool = False
    """Whether what people said earlier in a thread goes along as marked quotes."""
    reads_emails: bool = True
    """Whether the asker's e-mail address becomes TalkifAI's `user_identifier`."""
    only_opener_controls: bool = True
    """Whether nobody but the person who began a conversation may end it, or but the asker stop an answer."""
    asks_for_ratings: bool = False
    """Whether people can say below an answer whether it helped."""
    shows_receipts: bool = False
    """Whether a question carries a sign until it is answered."""
    allows_external: bool = False
    """Whether guests, and people of other organisations (Slack Connect), may ask."""
    allows_workflows: bool = False
    """Whether a message of a Workflow Builder workflow that mentions the bot is a question."""
