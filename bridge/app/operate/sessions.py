"""`talkifai-bridge sessions`: which conversations are open, and the end of some."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import SimpleNamespace

from rich.console import Console

from adapters.redis_store.stores import OpenSession, RedisStores
from bridge.access.routes import RouteTable, Scope
from bridge.app.bootstrap import open_stores, talkifai_agent
from bridge.app.operate.tables import counted, duration, show, total_tokens
from bridge.app.routes import routes_of
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.sessions import EndReason
from bridge.domain.take_overs import TakeOver
from bridge.rate_limits.agent_limiter import RateLimitedAgent
from bridge.runtime.clock import SystemClock
from config.settings import Settings

_LOOK_EVERY_S = 2.0
_NUMBERS = ("age", "idle", "ends in", "turns", "tokens")
_COLUMNS = ("conversation", "agent", "channel", "place", "person", *_NUMBERS)


async def run(settings: Settings, chosen: SimpleNamespace) -> int:
    """Show the sessions, or end those that were named."""
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        if chosen.action == "end":
            return await _end(settings, stores, chosen)
        while True:
            sessions, taken = await stores.open_sessions(), await stores.take_overs.all_threads()
            if chosen.json:
                facts = [_facts(settings, one) for one in sessions]
                print(json.dumps([*facts, *map(_facts_of_taken, taken)], indent=2))
            else:
                if chosen.watch:
                    Console().clear()
                _show(settings, sessions)
                _show_taken(taken)
            if not chosen.watch:
                return 0
            sys.stdout.flush()
            await asyncio.sleep(_LOOK_EVERY_S)


async def _end(settings: Settings, stores: RedisStores, chosen: SimpleNamespace) -> int:
    sessions = await stores.open_sessions()
    if chosen.idle is not None:
        meant = [one for one in sessions if _idle_s(settings, one) >= chosen.idle]
    elif chosen.all:
        meant = list(sessions)
    else:
        meant = [one for one in sessions if one.session.conversation.id in chosen.ids]
    missing = set(chosen.ids) - {one.session.conversation.id for one in meant}
    ended = await _end_these(settings, stores, meant)
    if ended == len(meant):
        print(f"{counted(ended, 'session')} ended")
    else:
        print(f"{ended} of {counted(len(meant), 'session')} ended: workers go on with the others")
    for conversation in sorted(missing):
        print(f"{conversation}: is not open")
    return int(bool(missing))


async def _end_these(settings: Settings, stores: RedisStores, meant: Sequence[OpenSession]) -> int:
    """Begin the ends, and make those that no worker makes meanwhile."""
    for one in meant:
        await stores.sessions.begin_end(one.session.thread, one.session.conversation.id, EndReason.COMMAND)
    clock = SystemClock()
    async with talkifai_agent(settings) as talkifai:
        await Reaper(RateLimitedAgent(talkifai, stores.quota, clock), stores.sessions, clock).sweep()
    waiting = await stores.ends_waiting()
    return sum(one.session.conversation.id not in waiting for one in meant)


def _idle_s(settings: Settings, one: OpenSession) -> float:
    """Return for how long nothing was said, by the idle time of the settings and routes: an estimate.

    It is wrong where they were changed meanwhile, or a route depends on the command of the last question.
    """
    thread = one.session.thread
    scope = Scope(
        channel=thread.channel,
        workspace=thread.account,
        place=thread.place,
        topic=thread.thread,
        person=one.session.person_id,
    )
    chosen_s = RouteTable(routes_of(settings)).choices_at(scope).idle_timeout_s
    return max(0.0, (chosen_s or settings.bridge.idle_timeout_s) - (one.ends_at - time.time()))


def _facts(settings: Settings, one: OpenSession) -> dict[str, object]:
    session, now = one.session, time.time()
    return {
        "conversation": session.conversation.id,
        "agent": session.agent_name,
        "channel": session.thread.channel,
        "account": session.thread.account,
        "place": session.thread.place,
        "thread": session.thread.thread,
        "person": session.person_id,
        "age_s": round(now - session.opened_at),
        "idle_s": round(_idle_s(settings, one)),
        "ends_in_s": round(one.ends_at - now),
        "turns": session.turns,
        "usage": dict(session.usage),
    }


def _facts_of_taken(one: TakeOver) -> dict[str, object]:
    thread = one.thread
    return {
        "taken_over": True,
        "channel": thread.channel,
        "account": thread.account,
        "place": thread.place,
        "thread": thread.thread,
        "person": one.person.id,
        "by_agent": one.by_agent,
        "age_s": round(time.time() - one.since),
    }


def _show_taken(taken: Sequence[TakeOver]) -> None:
    rows = []
    for one in taken:
        whose = "asked for by the agent" if one.by_agent else one.person.name or one.person.id
        thread = one.thread
        rows.append((whose, thread.channel, thread.place, thread.thread, duration(time.time() - one.since)))
    if rows:
        show(("taken over by", "channel", "place", "thread", "since"), rows)


def _show(settings: Settings, sessions: Sequence[OpenSession]) -> None:
    rows = []
    for one in sessions:
        session, now = one.session, time.time()
        rows.append(
            (
                *(session.conversation.id, session.agent_name, session.thread.channel, session.thread.place),
                *(session.person_id, duration(now - session.opened_at), duration(_idle_s(settings, one))),
                *(duration(one.ends_at - now), f"{session.turns:,}", f"{total_tokens(session.usage):,}"),
            )
        )
    if rows:
        show(_COLUMNS, rows, numbers=_NUMBERS)
    print(f"{counted(len(rows), 'session')} open")
