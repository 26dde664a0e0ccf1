"""The playground without a browser: its parts around the real bridge."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.playground.options import Options
from sandbox.playground.people.slack_visitor import SlackVisitor
from sandbox.playground.people.wishes import Wish, WishRefused
from sandbox.playground.playground import REAL, Playground
from sandbox.playground.show.calls import Timeline
from sandbox.playground.show.meter import Meter
from sandbox.talkifai.script import Answer
from sandbox.talkifai.server import TalkifaiStandIn

pytestmark = pytest.mark.scenario

ASK = {"as": "U0ADA", "place": "C0SALES", "text": "@TalkifAI are you real?"}


def rows(meter: Meter) -> list[dict[str, object]]:
    return [row for key, row in meter.items() if key.startswith("session/")]


async def until(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.05)


async def test_ones_own_agent_is_asked_where_it_is_chosen_and_the_meter_shows_it(
    short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with TalkifaiStandIn() as real:
        real.respond_with(Answer.of("Yes, and I cost money."))
        for name, value in real.settings.items():
            monkeypatch.setenv(name, value)
        async with Playground(Options(idle_after_s=3.0), short_tmp_path) as playground:
            meter, visitor = Meter(playground), SlackVisitor(playground)
            following = asyncio.create_task(meter.follow())
            try:
                await playground.change(agent=REAL)
                await visitor.say(Wish(ASK))
                await until(lambda: any(row["endedAt"] is None for row in rows(meter)))
                await until(lambda: any(row["reason"] == "idle" for row in rows(meter)))
            finally:
                following.cancel()
            (record,) = real.book.records
            assert record.posted == ["are you real?"]
            assert record.ended_at is not None
            assert [row["id"] for row in rows(meter)] == [record.id]
            assert playground.stage.talkifai.book.opened == 0


async def test_without_a_key_ones_own_agent_cannot_be_chosen(
    short_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TALKIFAI_API_KEY", raising=False)
    playground = Playground(Options(), short_tmp_path)
    with pytest.raises(ValueError, match="agent"):
        await playground.change(agent=REAL)


async def test_a_start_shows_no_refused_call(short_tmp_path: Path) -> None:
    async with Playground(Options(), short_tmp_path) as playground:
        timeline = Timeline(playground)
        timeline.read()
        assert {call.outcome for call in timeline.calls} == {"ok"}
        assert {call.lane for call in timeline.calls} >= {"slack", "talkifai"}


async def test_only_ones_own_messages_can_be_changed(short_tmp_path: Path) -> None:
    async with Playground(Options(), short_tmp_path) as playground:
        visitor = SlackVisitor(playground)
        said = await visitor.say(Wish({"as": "U0ADA", "place": "C0SALES", "text": "a <b> & @Linus, @TalkifAI's"}))
        message = playground.stage.slack.workspace.messages["C0SALES", str(said["ts"])]
        assert message.text == "a &lt;b&gt; &amp; <@U0LINUS>, <@U0BRIDGE>'s"
        with pytest.raises(WishRefused):
            await visitor.delete(Wish({"as": "U0LINUS", "place": "C0SALES", "ts": said["ts"]}))
        await visitor.delete(Wish({"as": "U0ADA", "place": "C0SALES", "ts": said["ts"]}))
        assert message.deleted
