"""Slack's limits, and the margins we keep to them. Sources are docs.slack.dev pages or public issue threads."""

from dataclasses import dataclass

PAGE_CHARS = 9_000
"""Where we split: `msg_blocks_too_long` was seen from 11,300 on (bolt-js#2509, #2867)."""

PAGE_RESERVE_CHARS = 500
"""Kept free on each page for a status line and a notice."""

PLAIN_TEXT_BYTES = 3_900
"""What we send as `text`: losses were counted in bytes, not characters (openclaw#128613)."""

POST_TEXT_CHARS = 40_000
"""`text` of `chat.postMessage` is cut here (docs: reference/methods/chat.postMessage)."""

QUESTION_TEXT_CHARS = 200_000
"""A person's message has at most 40,000 characters; escaped ones count up to five times on the wire."""

SOCKET_MESSAGE_BYTES = 16 * 1024 * 1024
"""The largest frame we read. aiohttp's own 4 MiB would cost the connection, again at each redelivery."""

TIER_3_PER_MINUTE = 50
"""Tier 3 is "50+ per minute", per method and workspace (docs: apis/web-api/rate-limits)."""

LOOK_UPS_PER_MINUTE = 90
"""Of people, by each worker: Tier 4, "100+ per minute"."""

MEMBER_PAGES_PER_MINUTE = 18
MEMBERS_PER_PAGE = 200
"""`users.list` is Tier 2, "20+ per minute", and is best asked for 200 people at most (docs: the method's page)."""

UPDATE_FLOOR_S = 1.2
"""The shortest time between two edits of one message: 50 a minute."""

POST_BURST = 4
POST_WINDOW_S = 4.0
"""One post a second in each channel; short bursts are let through (docs: apis/web-api/rate-limits)."""

POSTS_PER_MINUTE = 240
"""Of the whole workspace: "several hundred messages per minute" (docs: apis/web-api/rate-limits)."""

STATUS_PER_MINUTE = 540
"""`assistant.threads.setStatus` has a special limit (docs: the method's page). No page gives a number; Slack's Java SDK
takes it as that of posts, several hundred a minute. It is taken as 600: above it some status lines are missing."""

ACTIVITY_EVERY_S = 30.0
"""How often we set a status again. It stays 120 s (docs: assistant.threads.setStatus), and ends with each post."""

STREAM_STARTS_PER_MINUTE = 18
STREAM_STOPS_PER_MINUTE = 18
"""Our share of Tier 2, "20+ per minute" for each of the two methods (docs: apis/web-api/rate-limits)."""

STREAM_APPENDS_PER_MINUTE = 90
"""Our share of Tier 4, "100+ per minute"."""

STREAM_APPEND_FLOOR_S = 0.8
"""The shortest time between two appends to one stream."""

STREAM_CHARS = 12_000
"""A stream takes about that much in all, then `msg_too_long` (CopilotKit#6063). Our pages end at 9,000."""

RECEIPTS_PER_MINUTE = 18
"""Our share of Tier 2 for `reactions.remove`; `reactions.add` has more (docs: the methods' pages)."""


LAST_RETRY = 3
"""The number of an event's last delivery: it comes at once, after a minute, after five, then never (docs:
apis/events-api)."""


@dataclass(frozen=True, slots=True)
class SlackLimits:
    """Times that a test shortens. Seconds."""

    call_s: float = 20.0
    """A whole call of the Web API, but where less is said."""
    ping_every_s: float = 3.0
    """A socket whose peer fell silent is found out after about four of these."""
    connect_s: float = 10.0
    """Until a socket is open."""
    look_at_socket_s: float = 1.0
    replace_socket_after_s: float = 15.0
    """How long the SDK is given to reconnect by itself."""
    address_lasts_s: float = 20.0
    """How old a socket's address may be: Slack tells no time, and an address is for one socket, opened soon."""
    answer_within_s: float = 2.5
    """In HTTP mode. Slack waits for 3 s (docs: apis/events-api): it then delivers again whatever we answer."""
    check_token_every_s: float = 60.0
    grant_fresh_s: float = 10.0
    """How long a worker goes by what it read of a grant. Another worker may have taken its workspace away since."""
    renew_again_s: float = 10.0
    """How long after a try to renew a token the next one is made."""
    renew_refused_again_s: float = 600.0
    save_tries: int = 20
    """How often it is tried to keep a renewed token."""
    save_pause_s: float = 1.0
    prompt_s: float = 8.0
    """For what an agent reads beside the question."""
    look_up_s: float = 3.0
    """For who a person is."""
    stream_age_most_s: float = 240.0
    """When we close a stream ourselves. Slack does about 300 s after its start (python-slack-sdk#1859)."""
    look_every_s: float = 60.0
    """How often it is noted that events come."""
    missed_after_s: float = 300.0
    """Without events for that long, some may have been given up: Slack delivers one for about six minutes."""
    read_back_s: float = 24 * 3600.0
    """How old a question may be that is found in the history after an outage."""
    read_pause_s: float = 1.3
    """Between two calls of `conversations.history` or `replies`: Tier 3, 50 a minute."""
    late_again_s: float = 2.0
    """How often it is tried to keep an event that Slack delivers no more."""
    late_most_s: float = 3600.0
    """For how long, before its sender is asked to ask again."""


USUAL = SlackLimits()
