"""Telegram's numbers, each with its source, and what the bridge makes of them. Durations are seconds.

"Server source" is the open code of the Bot API server (tdlib/telegram-bot-api, tdlib/td); "Bot API" is
core.telegram.org/bots/api; "Bots FAQ" is core.telegram.org/bots/faq.
"""

# ---------------------------------------------------------------- one message
MESSAGE_LIMIT = 4096
"""Bot API, `sendMessage`: 1-4096 characters after parsing. The server counts code points (server source);
UTF-16 units are counted here, which is safe under both readings."""

TAIL_RESERVE = 416
"""UTF-16 units kept free for the lines below the text. `bridge/texts/own.py` bounds each of them."""

ENTITIES_LIMIT = 100
"""Server source: a message shows its first 100 entities and silently drops the others."""

TAIL_ENTITIES = 2
"""Entities kept free for the lines below the text: of status, notice and aside, at most two at a time."""

TABLE_COLUMNS = 40
"""Monospace characters side by side on a phone held upright; a wider table becomes cards. Measured, not documented:
clients break longer lines."""

# ---------------------------------------------------------------- pace
PRIVATE_EDIT_FLOOR_S = 1.1
CHAT_CALLS = 3
CHAT_WINDOW_S = 3.8
"""Bots FAQ: about one message a second in one chat, group or not, and short bursts; tdlib/td#2592: sends and edits
share that budget. Whether "typing" does is not known (opencrabs#1211, hermes-agent#107612), so it is counted in."""

GROUP_EDIT_FLOOR_S = 3.1
"""Bots FAQ: 20 messages a minute in one group, which is one every 3 s; all topics of a forum are one group."""

GROUP_CALLS = 20
GROUP_WINDOW_S = 60.0
"""Bots FAQ: not more than 20 messages per minute in one group, on top of the limit that every chat has. A forum is one
chat, so its topics share both."""

GROUP_SPREAD_S = CHAT_WINDOW_S / CHAT_CALLS
"""The shortest time between two calls in a group that show no last text. Measured with ten topics: last texts are
then a tenth earlier at the median, as their chat has a free call for them more evenly."""

GROUP_TYPING_AFTER_S = 1.5
"""In a group "typing" costs one of these calls, so the first text gets that long to come by itself."""

BOT_CALLS_PER_S = 22
"""Bots FAQ: about 30 messages a second over all chats; the rest is for calls made outside the pacing, and for calls
that bunch up on the way."""

DRAFT_LIFE_S = 30.0
"""Bot API, `sendMessageDraft`: a draft goes by itself after that time."""

# ---------------------------------------------------------------- receiving
LARGEST_UPDATE_BYTES = 2**20
"""Of a webhook's request. An update has a few kilobytes."""

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "stopped_message_generation")
"""Everything else is filtered by the server when the update is created (server source). The list sticks there."""

POLL_HOLD_S = 30
"""How long the server holds an empty `getUpdates`. Bot API: long polling, any positive number."""

POLL_READ_MARGIN_S = 10.0
"""The client waits this much longer than the server holds, before it takes the connection for dead."""

POLL_HANGS_AFTER_S = 60.0
"""The longest that one `getUpdates` may take in all, an answer that trickles included."""

POLL_LOST_AFTER_S = 75.0
"""So long without an answer to any poll, the operator should look."""

UPDATE_TRIES = 3
"""How often an update is taken up that meets a defect of ours, before it is set aside."""

JOIN_S = 0.3
LONG_JOIN_S = 1.5
LONG_FROM = 4000
"""Clients cut a long paste into messages of up to 4,096 characters. What the same person sends so soon after a
message, or after one at least so long, is the rest of it. Two messages typed by hand are further apart."""

WEBHOOK_CHECK_EVERY_S = 60.0

CONFLICT_PAUSE_S = 5.0
"""Two pollers steal each other's updates, and the earlier one gets 409 (server source): step back for a while."""

CONFLICT_OVER_AFTER_S = 60.0
"""So long after the last 409 it is over: two pollers meet at least once in a hold."""

CONFLICT_SEEN_WITHIN_S = 7
"""How long `check` holds a poll. Other pollers come back after their 409, and end this one: most within a second,
another bridge after `CONFLICT_PAUSE_S`."""

CONFLICT_TOLD_EVERY_S = 300.0
WEBHOOK_REMOVED_ONCE_IN_S = 600.0
"""Updates cannot be polled while a webhook is set. If it is set again sooner, the other program wins."""

POLL_PAUSE_FIRST_S = 0.5
POLL_PAUSE_MOST_S = 10.0
"""Back-off, doubling, while Telegram or Redis cannot be reached. Updates are kept for 24 hours (Bot API)."""

POLL_RATE_LIMIT_MOST_S = 300.0
"""The longest wait that a 429 on `getUpdates` can impose before it is tried again."""

# ---------------------------------------------------------------- HTTP
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 15.0
POOL_TIMEOUT_S = 30.0
"""A waiting call has had no effect yet, so it may wait longer than a call under way."""

TYPING_TIMEOUT_S = 5.0
"""Bot API, `sendChatAction`: the sign lasts five seconds, so a later one is of no use."""

CONNECTIONS = 256
"""One connection for each call in flight: 200 chats may be edited at once."""

FILE_CONNECTIONS = 8
"""For the files that come with questions."""

IDENTIFY_TIMEOUT_S = 8.0
"""For the first `getMe`: a wrong token is known within 10 s of the start."""
