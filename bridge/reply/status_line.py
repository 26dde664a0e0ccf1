"""What the status line says when the agent itself says nothing: it thinks, or TalkifAI's limit has to be waited for."""

from collections.abc import Callable

from bridge.domain.notices import Status
from bridge.domain.pages import Streaming
from bridge.domain.threads import Address
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import ActivityIndicator, Drafts
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.reply.display_mode import STATUS_AFTER_S
from bridge.reply.reply import Reply
from bridge.runtime.clock import Clock


async def show_activity(
    channel: Channel, address: Address, reply: Reply, pacing: ChannelLimiter, clock: Clock, language: str
) -> None:
    """Show "is typing" until the first text."""
    if not isinstance(channel, ActivityIndicator):
        return
    pace = channel.pace(address)
    await clock.sleep(pace.activity_after_s)
    while _is_silent(reply):
        if await pacing.may_show_activity(pace):
            await channel.show_activity(address, language)
        await clock.sleep(pace.activity_every_s)


async def fill_status_line(channel: Channel, reply: Reply, wake: Callable[[], None], clock: Clock) -> None:
    """Say "Thinking…", except where replies are edited: there the sign of activity says enough."""
    if isinstance(channel, Drafts) and (reply.streaming or channel.streaming) is not Streaming.EDIT:
        await say_thinking(reply, wake, clock)


async def say_thinking(reply: Reply, wake: Callable[[], None], clock: Clock) -> None:
    """Say "Thinking…" after a moment without text, again whenever nothing else is said; return with the first text."""
    while _is_silent(reply):
        await clock.sleep(STATUS_AFTER_S)
        if _is_silent(reply) and not reply.status:
            reply.say(Status.THINKING)
            wake()


async def wait_for_place(reply: Reply, wake: Callable[[], None], clock: Clock, seconds: float) -> None:
    """Wait for TalkifAI's limit, and say so where it takes more than a moment."""
    if seconds >= STATUS_AFTER_S:
        reply.say(Status.WAITING)
        wake()
    try:
        await clock.sleep(seconds)
    finally:
        reply.say(None)
        wake()


def _is_silent(reply: Reply) -> bool:
    return not (reply.length or reply.ended)
