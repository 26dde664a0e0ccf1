"""Faults of Slack and Telegram: their limits, and what they deliver twice."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from sandbox.faults import Fault
from sandbox.playground.agents.pace import spoken
from sandbox.playground.trials.scene import Scene

_WAIT_S = 3
_TOLERANCE_S = 0.2


async def slack_limit(scene: Scene) -> list[str]:
    """Answer an edit with 429."""
    scene.stage.slack.faults.arm(
        Fault("chat.update", where={"channel": "C0SUPPORT"}, status=429, retry_after_s=_WAIT_S)
    )
    talk = scene.on_slack()
    await talk.ask("Tell me the story, Slack is busy")
    await scene.until_begun(talk)
    scene.tell(f"Slack answers an edit with 429: again in {_WAIT_S} s")
    facts = await scene.until_whole(talk)
    calls = [(call.at, call.answer == "http 429") for call in scene.stage.slack.calls if call.method == "chat.update"]
    return [_waited(scene, calls), *facts]


async def telegram_limit(scene: Scene) -> list[str]:
    """Answer an edit with 429."""
    chat = str(scene.playground.cast.private["Bob"].id)
    scene.stage.telegram.faults.arm(
        Fault("editMessageText", where={"chat_id": chat}, status=429, retry_after_s=_WAIT_S)
    )
    talk = scene.on_telegram("Bob")
    await talk.ask("Tell me the story, Telegram is busy")
    await scene.until_begun(talk)
    scene.tell(f"Telegram answers an edit with 429: again in {_WAIT_S} s")
    facts = await scene.until_whole(talk)
    edits = [
        (call.at, call.status == 429)  # noqa: PLR2004 - the status that was armed
        for call in scene.stage.telegram.calls
        if call.method == "editMessageText" and str(call.params.get("chat_id")) == chat
    ]
    return [_waited(scene, edits), *facts]


async def duplicates(scene: Scene) -> list[str]:
    """Deliver one question three times on Slack and twice on Telegram."""
    slack, telegram = scene.stage.slack, scene.stage.telegram
    there, here = scene.on_slack(), scene.on_telegram("Mia")
    await there.ask("Do you hear me twice?", spoken("", "I hear you once, however often I am told."))
    for delivery in [one for one in slack.deliveries[-4:] if _is_question(one.payload)]:
        slack.redeliver(delivery)
        slack.redeliver(delivery, under_new_id=True)
    await here.ask("And here?", spoken("", "Once, here too."))
    telegram.redeliver(telegram.last_update_id)
    scene.tell("Both services deliver their question again")
    facts = await scene.until_whole(there, here)
    await asyncio.sleep(2 * scene.playground.options.pace)
    for talk in (there, here):
        scene.check(talk.times_posted() == 1, f"the question in {talk.name} was asked {talk.times_posted()} times")
        scene.check(talk.is_whole(), f"there is more than one answer in {talk.name}")
    return ["one answer in each thread", *facts]


def _is_question(payload: object) -> bool:
    event = payload.get("event") if isinstance(payload, dict) else None
    return isinstance(event, dict) and "client_msg_id" in event


def _waited(scene: Scene, calls: Sequence[tuple[float, bool]]) -> str:
    """Check that after each refusal nothing was tried before its time."""
    waits = [later[0] - earlier[0] for earlier, later in pairwise(calls) if earlier[1]]
    scene.check(bool(waits), "no call met the limit")
    scene.check(min(waits) >= _WAIT_S - _TOLERANCE_S, f"it called again after {min(waits):.1f} s")
    return f"it kept away for {waits[-1]:.1f} s, as it was told"
