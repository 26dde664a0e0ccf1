"""What an operator types while workers run."""

import asyncio
import csv
import json
import re
import signal

import pytest

from adapters.redis_store.client.connection import connect
from adapters.redis_store.embedded.server import start_embedded
from adapters.redis_store.schema.codec import queued_to_json
from bridge.domain.incoming import Origin, Question
from bridge.domain.threads import Address, Person, ThreadKey
from tests.scenario.command_line import run_command, watching
from tests.scenario.messengers import SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

_PREFIX = "talkifai-bridge"


async def test_open_sessions_are_shown_and_ended_while_a_worker_runs(own_scene: Scene) -> None:
    slack, telegram = SlackMessenger(own_scene), TelegramMessenger(own_scene)
    await own_scene.start_bridge()
    for messenger in (slack, telegram):
        talk = await messenger.ask_directly("hello")
        await messenger.until_said(talk, "You asked: hello")
    await telegram.book.until(lambda: own_scene.log.count("turn settled") == 2)

    shown = await run_command(own_scene, "sessions")
    assert shown.code == 0
    assert shown.lines[-1] == "2 sessions open"
    assert {"slack", "telegram"} <= set(shown.out.split())
    assert '"Support' not in shown.out
    facts = json.loads((await run_command(own_scene, "sessions", "--json")).out)
    assert [(one["agent"], one["turns"]) for one in facts] == [("Support Agent", 1)] * 2
    assert "jwt" not in shown.out + str(facts)
    assert not any(word in str(facts) for word in ("eyJ", "token'"))

    first = facts[0]["conversation"]
    ended = await run_command(own_scene, "sessions", "end", first)
    assert "ended" in ended.out
    await telegram.book.until(lambda: own_scene.stage.talkifai.book.conversations[first].ended_at is not None)
    assert (await run_command(own_scene, "sessions", "end", "chat_unknown")).code == 1
    assert "0 sessions ended" in (await run_command(own_scene, "sessions", "end", "--idle", "9m")).out
    await run_command(own_scene, "sessions", "end", "--all")
    await telegram.book.until(lambda: all(record.ended_at for record in own_scene.stage.talkifai.book.records))
    assert (await run_command(own_scene, "sessions")).lines == ["0 sessions open"]

    usage = await run_command(own_scene, "usage", "--by", "channel", BRIDGE_PRICE_PER_MESSAGE="0.001")
    words = [line.split() for line in usage.lines]
    assert [line[:3] for line in words[1:4]] == [["slack", "1", "1"], ["telegram", "1", "1"], ["total", "2", "2"]]
    assert "0.0020" in words[3]
    assert "█" in usage.out
    told = await run_command(own_scene, "usage", "--since", "1h", "--by", "agent", "--csv")
    head, row = csv.reader(told.lines)
    assert head == ["agent", "sessions", "messages", "tokens", "cost"]
    assert row[:3] == ["Support Agent", "2", "2"]


async def test_a_question_that_was_set_aside_can_be_shown_asked_again_and_dropped(own_scene: Scene) -> None:
    telegram = TelegramMessenger(own_scene)
    await own_scene.start_bridge()
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "You asked: hello")
    # What a worker sets aside after too many tries, put there by hand: the question as it was kept.
    server = await asyncio.to_thread(start_embedded, own_scene.folder / "data")
    redis = connect(server.url)
    thread = ThreadKey("telegram", "100", talk.place, "")
    here = Address("100", talk.place)
    origin = Origin(
        id="telegram:100:5001:77",
        dedupe_keys=("telegram:100:5001:77",),
        thread=thread,
        address=here,
        person=Person("5001"),
        asked_at=1.0,
    )
    kept = queued_to_json(Question(origin, "what was lost")).decode()
    letter = {"thread": str(thread), "reason": "too many attempts", "attempts": 5, "at_ms": 1.0}
    await redis.lpush(f"{_PREFIX}:dead", json.dumps({**letter, "question": kept}))
    await redis.aclose()
    await asyncio.to_thread(server.stop)

    listed = await run_command(own_scene, "dead", "list")
    assert "what was lost" in listed.out
    assert listed.lines[-1] == "1 question set aside"
    (name,) = re.findall(r"^([0-9a-f]{8}) ", listed.out, re.MULTILINE)
    assert "too many attempts" in (await run_command(own_scene, "dead", "show", name)).out
    assert f"{name}: asked again" in (await run_command(own_scene, "dead", "retry", name)).out
    await telegram.until_said(talk, "You asked: what was lost")
    assert (await run_command(own_scene, "dead", "list")).lines == ["0 questions set aside"]
    assert (await run_command(own_scene, "dead", "drop", name)).code == 1


async def test_a_stop_says_what_stays_open_and_ends_it_where_that_is_asked_for(own_scene: Scene) -> None:
    telegram = TelegramMessenger(own_scene)
    bridge = await own_scene.start_bridge()
    talk = await telegram.ask_directly("hello")
    await telegram.until_said(talk, "You asked: hello")
    bridge.process.send_signal(signal.SIGINT)  # Ctrl-C
    assert await bridge.process.wait() == 0
    assert "1 conversation stays open: " in own_scene.log
    assert "sessions end --all" in own_scene.log

    second = await own_scene.start_bridge("run --end-sessions")
    assert await second.stop() == 0
    assert [record.is_open(0.0) for record in own_scene.stage.talkifai.book.records] == [False]
    assert own_scene.log.count("stays open") == 1


async def test_the_list_of_open_sessions_is_shown_again_until_ctrl_c(own_scene: Scene) -> None:
    slack, telegram = SlackMessenger(own_scene), TelegramMessenger(own_scene)
    await own_scene.start_bridge()
    async with watching(own_scene, "sessions", "--watch") as watch:
        await watch.until("0 sessions open")
        for count, messenger in enumerate((slack, telegram), 1):
            talk = await messenger.ask_directly("hello")
            await messenger.until_said(talk, "You asked: hello")
            await watch.until(f"{count} session{'s' if count > 1 else ''} open")
        watch.process.send_signal(signal.SIGINT)
        assert await watch.process.wait() == 130


async def test_version_and_bad_times(own_scene: Scene) -> None:
    version = await run_command(own_scene, "version")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version.lines[0])
    wrong = await run_command(own_scene, "usage", "--since", "soon")
    assert wrong.code == 2
    assert "such as 5m" in wrong.errors
