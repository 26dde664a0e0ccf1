"""Every error that crosses a port. A vendor's exception never does.

BridgeError
├── Retryable                 the same call may work later
│   ├── StoreUnavailable      Redis does not answer
│   ├── ChannelUnavailable    Slack or Telegram does not answer; the call had no effect, or may be repeated
│   ├── ChannelRateLimited    429: carries the wait and the scope it speaks of
│   ├── ChannelOutage         the channel has not taken a reply for very long; the answer is on record
│   ├── AgentUnavailable      TalkifAI does not answer, or answers 5xx
│   │   ├── AgentUnreachable  no connection came about: the request surely did not arrive
│   │   └── StreamBroken      the stream stopped before its end; the answer may still be written
│   ├── AgentRateLimited      429: carries the wait
│   └── TurnPutOff            the person is answered in as many threads as may be at a time
├── Permanent                 the same call will never work
│   ├── LeaseLost             another worker has the thread; the turn stops and changes nothing
│   ├── PostUncertain         the answer to a post was lost: the message may or may not be there
│   ├── LookupUnsupported     the channel cannot tell whether a post is there
│   ├── MessageGone           the message to edit is no longer there or can no longer be edited
│   ├── PlaceGone             the place or thread is gone, or the bot was removed from it
│   │   └── PlaceMuted        the bot may read there, and not write
│   ├── PageRejected          the channel refuses this content
│   ├── FileUnreadable        an attachment cannot be had, or not from the service's own host
│   ├── ConversationLost      TalkifAI no longer knows the conversation or its token (401, 404, a 403 of its own)
│   ├── QuestionTooLong       over TalkifAI's 10,000 characters
│   └── AllowanceUsedUp       the person may open no further conversation now: carries the wait
└── Misconfigured             an operator has to change something
    ├── SettingWrong          names the setting, what is wrong, what would be right
    ├── AgentKeyRefused       401 invalid_api_key
    ├── AgentNotText          400 not_text_agent
    ├── AgentOutOfCredits     402 insufficient_credits
    └── ChannelTokenRefused   Slack or Telegram refuses the token
"""

import re


class BridgeError(Exception):
    """The root of the tree. Its text is for the operator and holds no secret."""


class Retryable(BridgeError):
    """The same call may work later."""


class StoreUnavailable(Retryable):
    """Redis does not answer."""


class ChannelUnavailable(Retryable):
    """The channel does not answer, and the call had no effect or may safely be repeated."""


class ChannelRateLimited(Retryable):
    """The channel answered 429."""

    def __init__(self, retry_after_s: float, scope: str) -> None:
        super().__init__(f"rate limited in {scope} for {retry_after_s:g} s")
        self.retry_after_s = retry_after_s
        self.scope = scope


class ChannelOutage(Retryable):
    """The channel has not taken a whole reply for very long. The answer is on record: show it later."""


class AgentUnavailable(Retryable):
    """TalkifAI does not answer, or answers with a server error."""


class AgentUnreachable(AgentUnavailable):
    """No connection to TalkifAI came about: the request surely did not arrive."""


class StreamBroken(AgentUnavailable):
    """The stream stopped before its end. The agent may still finish the answer: see the history."""


class AgentRateLimited(Retryable):
    """TalkifAI answered 429: a limit of the whole organisation."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"TalkifAI's organisation limit: wait {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class TurnPutOff(Retryable):
    """The person is being answered in as many threads as may be at a time: the turn waits for one of them."""


class Permanent(BridgeError):
    """The same call will never work."""


class LeaseLost(Permanent):
    """Another worker has the thread now. Stop; change nothing."""


class PostUncertain(Permanent):
    """A post was sent and its answer lost: the message may be there."""


class LookupUnsupported(Permanent):
    """The channel has no way to tell whether a post is there."""


class MessageGone(Permanent):
    """The message to edit is not there any more, or can no longer be edited."""


class PlaceGone(Permanent):
    """The place or thread is gone, or the bot may not write there."""


class PlaceMuted(PlaceGone):
    """The bot hears what is asked there, and may not answer."""

    def __init__(self, said: str, *, thread_only: bool = False) -> None:
        super().__init__(said)
        self.thread_only = thread_only
        """Other threads of the place may take messages."""


class PageRejected(Permanent):
    """The channel refuses this content, whatever the number of tries."""


class FileUnreadable(Permanent):
    """An attachment cannot be had: it is gone, refused, or not where the service keeps files."""


class ConversationLost(Permanent):
    """TalkifAI no longer knows this conversation or its token: open another one."""


class QuestionTooLong(Permanent):
    """The question is over TalkifAI's limit."""


class PersonAnswers(Permanent):
    """A person has taken the thread over: no conversation is opened there."""


class AllowanceUsedUp(Permanent):
    """The person has as many open conversations as may be."""

    def __init__(self, again_after_s: float) -> None:
        super().__init__(f"no further conversation for {again_after_s:g} s")
        self.again_after_s = again_after_s


class Misconfigured(BridgeError):
    """An operator has to change something. The text says what, and begins with the setting where one is to change."""

    @property
    def about(self) -> str:
        """What is wrong, without the details of one call: the text up to a colon or a bracket. The setting, if any."""
        return re.split(r":| \(", str(self), maxsplit=1)[0]


class SettingWrong(Misconfigured):
    """A setting is missing or wrong."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"{name}: {problem}. {remedy}")
        self.name = name


class AgentKeyRefused(Misconfigured):
    """TalkifAI refuses the API key."""


class AgentNotText(Misconfigured):
    """The agent is a voice agent: the chat API cannot talk to it."""


class AgentOutOfCredits(Misconfigured):
    """The TalkifAI account has no credits left."""


class ChannelTokenRefused(Misconfigured):
    """The channel refuses the token."""
