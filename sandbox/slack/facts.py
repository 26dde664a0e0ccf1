"""What Slack itself does, as the stand-in repeats it. Sources are docs.slack.dev pages or public issue threads."""

MARKDOWN_BLOCKS_CHARS = 12_000
"""All `markdown` blocks of one message together (docs: reference/block-kit/blocks/markdown-block)."""

UPDATE_TEXT_CHARS = 4_000
"""`text` of `chat.update`; beyond it `msg_too_long` (docs: reference/methods/chat.update)."""

ACK_WITHIN_S = 3.0
"""An event that is not acknowledged by then is delivered again (docs: apis/events-api)."""

REDELIVERY_AFTER_S = (0.0, 60.0, 300.0)
"""When an event that was not acknowledged comes again: at once, after a minute, after five; then never."""

SOCKETS_PER_APP = 10
"""Socket Mode connections that one app may hold (docs: apis/events-api/using-socket-mode)."""

STREAM_LIFE_S = 300.0
"""Slack closes a stream about that long after its start (python-slack-sdk#1859, vercel/chat#637)."""
