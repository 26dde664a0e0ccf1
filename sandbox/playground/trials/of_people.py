"""Faults of people: too much, and nothing at all."""

import asyncio
import re
import time

from sandbox.playground.agents.pace import spoken
from sandbox.playground.trials.scene import Scene
from sandbox.talkifai.script import Pause

_WAVES = 20
_OPENING_S = 0.35
"""How long the stand-in takes to open a session."""
_REACHED_WITHIN_S = 1.5
_MIA_WITHIN_S = 20.0


async def flood(scene: Scene) -> list[str]:
    """Let one person ask twenty things at once, and another person one."""
    telegram, cast = scene.stage.telegram, scene.playground.cast
    bob, mia = scene.on_telegram("Bob"), scene.on_telegram("Mia")
    for number in range(1, _WAVES + 1):
        scene.playground.answers[f"wave {number}"] = spoken("", Pause(1.5), f"That was wave {number}.")
    scene.tell(f"Bob writes {_WAVES} messages in two seconds, Mia writes one")
    for number in range(1, _WAVES + 1):
        await telegram.say(cast.people["Bob"], cast.private["Bob"], f"wave {number}")
        await asyncio.sleep(0.1)
    await mia.ask("May I ask something too?", spoken("", "Of course. Nobody is ahead of you."))
    began = time.monotonic()
    await scene.until(mia.is_whole, "Mia had to wait for Bob", _MIA_WITHIN_S)
    waited_s = time.monotonic() - began
    posted = [text for record in bob.records for text in record.posted]
    asked = _waves_in(posted)
    scene.check(len(asked) == len(set(asked)), "one of Bob's messages was asked twice")
    scene.check(asked == sorted(asked), "Bob's messages were asked in another order")
    return [
        f"Mia's answer stood there after {waited_s:.1f} s",
        f"by then the agent had {len(asked)} of Bob's {_WAVES} messages; those sent together are one question",
        "in order, each at most once",
    ]


async def blanks(scene: Scene) -> list[str]:
    """Let a person write 40,000 blanks, three times, while others go on."""
    slack, opened = scene.stage.slack, scene.stage.talkifai.book.opened
    scene.tell("Linus writes a letter, 39,998 blanks and a letter, three times")
    for _ in range(3):
        await slack.say("U0LINUS", "C0LOBBY", f"a{' ' * 39_998}b")
    await slack.say("U0LINUS", "C0LOBBY", f"{slack.mention} {' ' * 39_000}")
    grace = scene.on_slack("Grace", "C0SALES")
    await grace.ask("Are you still there?", spoken("", "Yes, as quick as ever."))
    began = time.monotonic()
    await scene.until(lambda: grace.times_posted() > 0, "Grace's question never reached the agent", 20.0)
    reached_s = time.monotonic() - began - _OPENING_S * scene.playground.options.pace
    scene.check(reached_s <= _REACHED_WITHIN_S, f"Grace's question took {reached_s:.1f} s")
    facts = await scene.until_whole(grace)
    records = scene.stage.talkifai.book.records[opened:]
    posted = [text for record in records for text in record.posted if not re.search(r"\w", text)]
    scene.check(not posted, "the agent was asked about nothing")
    return [f"Grace's question reached the agent within {max(0.1, reached_s):.1f} s", "no blank reached it", *facts]


def _waves_in(posted: list[str]) -> list[int]:
    return [int(number) for text in posted for number in re.findall(r"wave (\d+)", text)]
