"""Faults of workers and of Redis."""

import asyncio

from sandbox.playground.agents.pace import spoken
from sandbox.playground.show.meter import thread_of
from sandbox.playground.trials.scene import Scene

_AWAY_S = 10.0
_RECOVERED_WITHIN_S = 90.0
_TWO = 2


async def kill_worker(scene: Scene) -> list[str]:
    """Kill the worker that writes an answer."""
    workers, talk = scene.playground.workers, scene.on_slack()
    scene.tell("Ada asks in #support")
    await talk.ask("Tell me the story of the lighthouse")
    await scene.until_begun(talk)
    record = talk.records[-1]
    slot = workers.holder(str(thread_of(record))) or workers.slots[0]
    shown = len(talk.shown())
    scene.tell(f"SIGKILL to {slot.name}, in the middle of a word")
    await workers.kill(slot)
    await workers.until_ready()
    scene.skip = scene.playground.redis.expire_leases
    scene.tell("The dead worker's lease runs out within 30 s")
    facts = await scene.until_whole(talk, within_s=_RECOVERED_WITHIN_S)
    return [f"{slot.name} was killed when {shown} characters stood there", *facts]


async def two_workers(scene: Scene) -> list[str]:
    """Let two workers share four threads."""
    workers = scene.playground.workers
    if len(workers.slots) < _TWO:
        scene.tell("A second worker starts, on the same Redis")
        await workers.add()
    scene.tell("Four people ask at once")
    talks = [
        scene.on_slack("Ada", "C0SUPPORT"),
        scene.on_slack("Linus", "C0SALES"),
        scene.on_slack("Grace", "C0LOBBY"),
        scene.on_telegram("Bob"),
    ]
    await asyncio.gather(*(talk.ask("Tell me the story, all of you") for talk in talks))
    facts = await scene.until_whole(*talks)
    took: dict[str, int] = {}
    for talk in talks:
        slot = workers.holder(str(thread_of(talk.records[-1])))
        if slot is not None:
            took[slot.name] = took.get(slot.name, 0) + 1
    shares = ", ".join(f"{name} took {count}" for name, count in sorted(took.items()))
    return [f"four threads: {shares}", *facts]


async def stop_redis(scene: Scene) -> list[str]:
    """Take Redis away in the middle of an answer, and ask something meanwhile."""
    redis, growing, waiting = scene.playground.redis, scene.on_slack(), scene.on_telegram("Tom")
    await growing.ask("Tell me the story while Redis goes away")
    await scene.until_begun(growing)
    scene.tell("Redis is stopped; Tom asks on Telegram all the same")
    await redis.stop()
    await waiting.ask("Is anybody there?", spoken("", "Yes, I am here. Your question waited for me."))
    for left in range(int(_AWAY_S), 0, -1):
        scene.tell(f"Redis is away for {left} s more")
        await asyncio.sleep(scene.playground.options.pace)
    scene.check(waiting.times_posted() == 0, "Tom's question was asked without being kept")
    await redis.start()
    scene.tell("Redis is back")
    facts = await scene.until_whole(growing, waiting, within_s=_RECOVERED_WITHIN_S)
    return ["the answer under way was finished", "Tom's question was delivered again by Telegram, and answered", *facts]


async def crash_redis(scene: Scene) -> list[str]:
    """Kill the server and start it again on its data, as a failover does to its clients."""
    redis, talk = scene.playground.redis, scene.on_slack()
    await talk.ask("Tell me the story while Redis crashes")
    await scene.until_begun(talk)
    scene.tell("SIGKILL to Redis: every connection breaks")
    await redis.kill()
    await asyncio.sleep(2 * scene.playground.options.pace)
    await redis.start()
    scene.tell("A server stands there again, with what was on disk")
    return await scene.until_whole(talk, within_s=_RECOVERED_WITHIN_S)
