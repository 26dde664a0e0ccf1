"""What the status line says when the agent itself says nothing: it thinks, or TalkifAI's limit has to be waited for."""

from collections.abc import Callable

from bridge.domain.notices import Status
from bridge.reply.display_mode import STATUS_AFTER_S
from bridge.reply.reply import Reply
from bridge.runtime.clock import Clock


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
