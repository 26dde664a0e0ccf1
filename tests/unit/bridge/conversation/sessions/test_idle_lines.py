"""One line in a thread that fell idle: where it is wanted, once, and never in anyone's way."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.redis_store.schema.codec import session_from_fields, session_to_fields
from adapters.redis_store.stores import RedisStores
from bridge.access.routes import Choices, Route, Scope
from bridge.conversation.sessions.idle_lines import IdleLines
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.errors import AgentUnavailable, BridgeError, ChannelUnavailable, PlaceGone
from bridge.domain.incoming import CommandName
from bridge.domain.notices import Notice
from bridge.domain.pages import PageView
from bridge.domain.sessions import Conversation, EndReason, IdleLine, Session
from bridge.domain.threads import Address, Locale
from bridge.runtime.clock import SystemClock
from bridge.texts.catalog import texts_in
from tests.english import english
from tests.fakes import ADA, THREAD, CapableChannel, command, question
from tests.unit.bridge.conversation.turn_fixture import Stage, echo, stage_on

LINE = english(Notice.FELL_IDLE)
_IDLE_S = 0.02


class _Channel(CapableChannel):
    """Takes asides only as the test says."""

    def __init__(self) -> None:
        super().__init__(latency_s=0.0, page_size=5000)
        self.refusal: BridgeError | None = None
        self.refused: list[str] = []
        self.hangs = False
        self.hanging = asyncio.Event()

    async def post(self, address: Address, view: PageView) -> str:
        is_line = bool(view.aside) and not view.text
        if is_line and self.hangs:
            self.hanging.set()
            await asyncio.Event().wait()
        if is_line and self.refusal is not None:
            self.refused.append(view.aside)
            raise self.refusal
        return await super().post(address, view)


def _stage(stores: RedisStores) -> Stage[_Channel]:
    it = stage_on(_Channel(), stores, echo)
    it.turns._sessions.idle_timeout_s = _IDLE_S
    _choose(it, idle_line=True)
    return it


def _choose(it: Stage[_Channel], *, idle_line: bool | None) -> None:
    it.routes.replace([Route(Scope(channel=THREAD.channel), Choices(idle_line=idle_line))])


class _Worker:
    """A reaper and the lines of the ends that it confirmed."""

    def __init__(self, it: Stage[_Channel]) -> None:
        self.lines = IdleLines(it.turns._sessions, it.turns.say_aside)
        self.reaper = Reaper(it.agent, it.stores.sessions, SystemClock(), on_idle=self.lines.add)

    async def sweep(self) -> None:
        """End what is due, then say what is to be said."""
        await self.reaper.sweep()
        await self.say()

    async def say(self) -> None:
        running = asyncio.ensure_future(self.lines.run())
        await self.lines._unsaid.drain()
        running.cancel()


def _asides(it: Stage[_Channel]) -> Sequence[PageView]:
    return [view for view in it.channel.standing.values() if view.aside and not view.text]


async def _fall_idle(it: Stage[_Channel], number: int = 1) -> None:
    await it.answer(question(number=number))
    await asyncio.sleep(2 * _IDLE_S)


async def test_a_thread_that_fell_idle_gets_one_line_however_many_workers_sweep(stores: RedisStores) -> None:
    """M1: said in the thread, once."""
    it = _stage(stores)
    await _fall_idle(it)
    workers = [_Worker(it) for _ in range(4)]
    await asyncio.gather(*(worker.sweep() for worker in workers))
    await asyncio.gather(*(worker.sweep() for worker in workers))
    assert _asides(it) == [PageView(aside=LINE, final=True)]
    assert (await stores.sessions.counts(), it.agent.ended) == ((0, 0), ["chat_1"])


@pytest.mark.parametrize("by_route", [None, False])
async def test_by_default_and_where_a_route_says_no_nothing_is_said(
    stores: RedisStores, *, by_route: bool | None
) -> None:
    it = _stage(stores)
    _choose(it, idle_line=by_route)
    it.turns._sessions._idle_line = by_route is False  # the route counts for more than the setting
    await _fall_idle(it)
    await _Worker(it).sweep()
    assert it.agent.ended == ["chat_1"]
    assert _asides(it) == []


async def test_the_setting_for_all_holds_where_no_route_chooses(stores: RedisStores) -> None:
    """M1: in the language of the person who began the conversation."""
    it = _stage(stores)
    _choose(it, idle_line=None)
    it.turns._sessions._idle_line = True
    await it.answer(question(person=replace(ADA, locale=Locale("de"))))
    await asyncio.sleep(2 * _IDLE_S)
    await _Worker(it).sweep()
    assert [view.aside for view in _asides(it)] == [texts_in("de")(Notice.FELL_IDLE)]


@pytest.mark.parametrize("name", [CommandName.END, CommandName.NEW])
async def test_an_end_that_a_person_asked_for_needs_no_line(stores: RedisStores, name: CommandName) -> None:
    it = _stage(stores)
    it.turns._sessions.idle_timeout_s = 60.0
    await it.answer(question())
    await it.answer(command(name, number=2))
    await _Worker(it).sweep()
    assert it.agent.ended == ["chat_1"]
    assert _asides(it) == []


@pytest.mark.parametrize("reason", [reason for reason in EndReason if reason is not EndReason.IDLE])
async def test_every_other_end_is_silent(stores: RedisStores, reason: EndReason) -> None:
    it = _stage(stores)
    it.turns._sessions.idle_timeout_s = 60.0
    await it.answer(question())
    assert await stores.sessions.begin_end(THREAD, "chat_1", reason)
    await _Worker(it).sweep()
    assert it.agent.ended == ["chat_1"]
    assert _asides(it) == []


async def test_of_several_that_confirm_the_same_end_one_is_the_first(stores: RedisStores) -> None:
    it = _stage(stores)
    await _fall_idle(it)
    assert await stores.sessions.unbind_idle(10) == 1
    (ending,) = await stores.sessions.claim_ends(10, 90.0)
    assert [await stores.sessions.confirm_end(ending) for _ in range(3)] == [True, False, False]


async def test_a_thread_that_went_on_meanwhile_gets_no_line(stores: RedisStores) -> None:
    it = _stage(stores)
    await _fall_idle(it)
    worker = _Worker(it)
    await worker.reaper.sweep()
    it.turns._sessions.idle_timeout_s = 60.0
    await it.answer(question(number=2))
    await worker.say()
    assert _asides(it) == []


async def test_a_line_that_would_come_late_is_left_out(stores: RedisStores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.conversation.sessions.reaper._PAUSE_FIRST_S", 0.005)
    it = _stage(stores)
    worker = _Worker(it)
    for number, failures in enumerate((2, 3), start=1):
        await _fall_idle(it, number)
        it.agent.end_errors = [AgentUnavailable("503")] * failures
        async with asyncio.timeout(10):
            while len(it.agent.ended) < number:
                await worker.sweep()
        assert len(_asides(it)) == 1


@pytest.mark.parametrize("error", [PlaceGone("archived"), ChannelUnavailable("503")])
async def test_a_line_that_the_channel_refuses_is_lost_and_the_session_ends_all_the_same(
    stores: RedisStores, error: BridgeError
) -> None:
    it = _stage(stores)
    await _fall_idle(it)
    worker = _Worker(it)
    it.channel.refusal = error
    await worker.sweep()
    it.channel.refusal = None
    await worker.sweep()
    assert it.channel.refused == [LINE]
    assert _asides(it) == []
    assert (await stores.sessions.counts(), it.agent.ended) == ((0, 0), ["chat_1"])


async def test_a_line_that_hangs_holds_up_no_end(stores: RedisStores) -> None:
    """B2: sessions end while the channel takes no line."""
    it = _stage(stores)
    worker = _Worker(it)
    it.channel.hangs = True
    running = asyncio.ensure_future(worker.lines.run())
    await _fall_idle(it)
    await worker.reaper.sweep()
    await it.channel.hanging.wait()
    await _fall_idle(it, 2)
    await worker.reaper.sweep()
    assert it.agent.ended == ["chat_1", "chat_2"]
    running.cancel()


def test_the_record_of_an_older_version_has_no_line_and_a_moved_one_the_new_place() -> None:
    line = IdleLine(Address("A1", "P1", "T1", "m1"), "pt-BR")
    session = Session(THREAD, Conversation("c1", "jwt"), "Agent", "U1", "x", 5.0, idle_line=line)
    fields = session_to_fields(session)
    assert session_from_fields(THREAD, fields) == session
    without = session_to_fields(replace(session, idle_line=None))
    assert b"idle_line" not in without
    assert session_from_fields(THREAD, without).idle_line is None
    moved = session_from_fields(replace(THREAD, place="P2"), fields).idle_line
    assert moved == IdleLine(Address("A1", "P2", "T1"), "pt-BR")
    kept = json.loads(fields[fields.index(b"idle_line") + 1])
    assert set(kept) == {"account", "place", "thread", "reply_to", "language"}
