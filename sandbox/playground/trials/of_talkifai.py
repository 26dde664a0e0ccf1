"""Faults of TalkifAI."""

import time

from sandbox.faults import Fault
from sandbox.playground.agents.pace import spoken
from sandbox.playground.trials.scene import Scene, Talk
from sandbox.slack.blocks import values_of
from sandbox.talkifai.script import KeepAlive
from sandbox.talkifai.when_unread import WhenUnread

_CUT_AT_BYTE = 2_500
_WAIT_S = 3
_SIGN_WITHIN_S = 4.0
_GIVEN_UP_WITHIN_S = 150.0


async def cut_stream(scene: Scene) -> list[str]:
    """Break the stream in the middle; the agent goes on writing."""
    question = "Tell me the story over a bad line"
    scene.stage.talkifai.faults.arm(Fault("ask", where={"message": question}, cut_at_byte=_CUT_AT_BYTE))
    talk = scene.on_slack()
    await talk.ask(question)
    await scene.until_begun(talk)
    scene.tell("The stream is cut; the rest is read from the history")
    reads = len([call for call in scene.stage.talkifai.calls if call.method == "history"])
    facts = await scene.until_whole(talk)
    more = len([call for call in scene.stage.talkifai.calls if call.method == "history"]) - reads
    return [f"the history was read {more} times", *facts]


async def hang_up(scene: Scene) -> list[str]:
    """Break the stream of an agent that then stops: the rest does not exist."""
    question = "Tell me the story, but hang up on it"
    scene.stage.talkifai.when_unread = WhenUnread.KEEP_THE_QUESTION
    scene.stage.talkifai.faults.arm(Fault("ask", where={"message": question}, cut_at_byte=_CUT_AT_BYTE))
    talk = scene.on_slack()
    await talk.ask(question)
    await scene.until_begun(talk)
    await scene.until(lambda: not talk.records[-1].is_answering, "the agent went on writing")
    scene.stage.talkifai.when_unread = WhenUnread.WRITE_ON
    scene.only_waits = True
    scene.tell("The agent has stopped. The bridge asks for the rest for two minutes, in case it is still written")
    await scene.until(lambda: _can_retry(scene, talk), "no one was offered to try again", _GIVEN_UP_WITHIN_S)
    scene.check(talk.times_posted() == 1, f"the agent was asked {talk.times_posted()} times")
    return ["what had come still stands there", "below it: interrupted, with a button to try again", "asked once"]


async def slow_agent(scene: Scene) -> list[str]:
    """Let the agent think for eight seconds."""
    talk = scene.on_slack()
    began = time.monotonic()
    await talk.ask("Think about it slowly", spoken("", KeepAlive(8), "I thought about it. The answer is 42."))
    scene.tell("The agent thinks for 8 s")
    await scene.until(lambda: bool(talk.thread.activity() or talk.shown()), "no activity was shown", _SIGN_WITHIN_S)
    sign_s = time.monotonic() - began
    return [f"a sign of work stood there after {sign_s:.1f} s", *await scene.until_whole(talk)]


async def talkifai_limit(scene: Scene) -> list[str]:
    """Answer the question with 429 first."""
    question = "Tell me the story when there is room"
    fault = Fault("ask", where={"message": question}, status=429, retry_after_s=_WAIT_S)
    scene.stage.talkifai.faults.arm(fault)
    talk = scene.on_slack()
    await talk.ask(question)
    scene.tell(f"TalkifAI answers 429: again in {_WAIT_S} s")
    facts = await scene.until_whole(talk)
    asks = [call for call in scene.stage.talkifai.calls if call.method == "ask"]
    refused = next(call for call in reversed(asks) if call.status == 429)  # noqa: PLR2004 - the status that was armed
    waited_s = next(call.at for call in asks if call.at > refused.at) - refused.at
    scene.check(waited_s >= _WAIT_S - 0.2, f"it asked again after {waited_s:.1f} s")
    return [f"it waited {waited_s:.1f} s, as it was told", *facts]


async def expired_token(scene: Scene) -> list[str]:
    """Let a session and its token expire between two questions."""
    talkifai, talk = scene.stage.talkifai, scene.on_slack()
    await talk.ask("Remember the number 42", spoken("", "I will remember it."))
    await scene.until_whole(talk)
    record = talk.records[-1]
    scene.tell("A day passes: the session and its token have expired")
    talkifai.revoke_token(record.id)
    talkifai.expire(record.id)
    await talk.ask("Which number was it?", spoken("", "It was 42, I am almost sure."))
    facts = await scene.until_whole(talk)
    scene.check(len(talk.records) == 2, f"{len(talk.records)} sessions were opened instead of 2")  # noqa: PLR2004 - before and after
    return ["a new session opened by itself, in the same thread", *facts]


def _can_retry(scene: Scene, talk: Talk) -> bool:
    space = scene.stage.slack.workspace
    ours = [seen.message_id for seen in talk.thread.seen() if seen.is_bot]
    blocks = [block for ts in ours for block in space.messages["C0SUPPORT", ts].blocks]
    return any(value.startswith("retry ") for _, value in values_of(blocks))
