"""Faults of people: too much, and nothing at all."""

import asyncio
import re

from sandbox.playground.agents.pace import spoken
from sandbox.playground.trials.scene import Scene

_WAVES = 20
_CALM_S = 4.0
_MIA_WITHIN_S = 20.0


async def flood(scene: Scene) -> list[str]:
    """Let one person ask twenty things at once, and another person one."""
    telegram, cast = scene.stage.telegram, scene.playground.cast
    bob, mia = scene.on_telegram("Bob"), scene.on_telegram("Mia")
    for number in range(1, _WAVES + 1):
        scene.playground.answers[f"wave {number}"] = spoken("", f"That was wave {number}.")
    scene.tell(f"Bob writes {_WAVES} messages in two seconds, Mia writes one")
    for number in range(1, _WAVES + 1):
        await telegram.say(cast.people["Bob"], cast.private["Bob"], f"wave {number}")
        await asyncio.sleep(0.1)
    await mia.ask("May I ask something too?", spoken("", "Of course. Nobody is ahead of you."))
    await scene.until(mia.is_whole, "Mia had to wait for Bob", _MIA_WITHIN_S)
    asked = _waves_in([text for record in bob.records for text in record.posted])
    scene.check(len(asked) == len(set(asked)), "one of Bob's messages was asked twice")
    scene.check(asked == sorted(asked), "Bob's messages were asked in another order")
    return [f"Mia was answered when {len(asked)} of Bob's {_WAVES} had been asked", "in order, each at most once"]


async def blanks(scene: Scene) -> list[str]:
    """Let somebody write a message in which nothing can be seen."""
    telegram, slack, cast = scene.stage.telegram, scene.stage.slack, scene.playground.cast
    opened = scene.stage.talkifai.book.opened
    scene.tell("Spaces, a zero-width joiner, an empty mention")
    await telegram.say(cast.people["Tom"], cast.private["Tom"], "\u2800 \u200b\u200d \u00a0")
    await slack.say("U0GRACE", "D0GRACE", " \u200b ")
    await slack.say("U0LINUS", "C0SALES", slack.mention)
    await asyncio.sleep(_CALM_S * scene.playground.options.pace)
    more = scene.stage.talkifai.book.records[opened:]
    posted = [text for record in more for text in record.posted if not re.search(r"\w", text)]
    scene.check(not posted, "blanks were put to the agent")
    return ["no blank reached the agent", f"{len(more)} sessions were opened"]


def _waves_in(posted: list[str]) -> list[int]:
    return [int(number) for text in posted for number in re.findall(r"wave (\d+)", text)]
