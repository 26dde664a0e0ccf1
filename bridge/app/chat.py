"""The terminal as a channel: one conversation, ended when the person leaves."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from adapters.scheduler import every
from adapters.terminal.channel import TerminalChannel
from bridge.access.memory import Memory
from bridge.access.routes import RouteTable
from bridge.app.bootstrap import carry_over_of, open_stores, take_overs_of, talkifai_agent
from bridge.app.routes import routes_of
from bridge.app.texts import use_texts
from bridge.conversation.sessions.reaper import Reaper
from bridge.domain.sessions import EndReason
from bridge.runtime.cancellation import unwrap_group
from bridge.runtime.clock import SystemClock
from bridge.worker.dependencies import Dependencies
from bridge.worker.dispatcher import DispatchLimits
from bridge.worker.worker import Worker
from config.log_setup import start_logging
from config.reading.loading import load_settings
from config.settings import Settings

_CHAT_DRAIN_S = 2.0


def chat_settings(overrides: Mapping[str, str]) -> Settings:
    """Read the settings for a talk in the terminal and start logging, which stays quiet unless it was asked for.

    A worker on the same Redis cannot show anything in this terminal, so they do not share a queue.
    """
    settings = load_settings(need_channel=False, env_file=None if overrides else Path(".env"), overrides=overrides)
    apart = replace(settings.bridge, key_prefix=f"{settings.bridge.key_prefix}:chat")
    return start_logging(replace(settings, bridge=apart).quiet())


async def run_chat(settings: Settings) -> None:
    """Serve the terminal until the person leaves, then end the session that was open. Raises `BridgeError`.

    Ctrl-C stops the answer that is being shown. A second one, or one at the prompt, leaves.
    """
    use_texts(settings)
    stop = asyncio.Event()
    terminal = TerminalChannel()

    def interrupt() -> None:
        if not terminal.interrupt():
            stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    async with AsyncExitStack() as stack:
        stack.callback(terminal.close)
        stores = await open_stores(settings, stack)
        agent = await stack.enter_async_context(talkifai_agent(settings))
        clock = SystemClock()
        worker = Worker(
            Dependencies(
                agent=agent,
                stores=stores,
                channels=[terminal],
                clock=clock,
                every=every,
            ),
            idle_timeout_s=settings.bridge.idle_timeout_s,
            limits=DispatchLimits(drain_s=_CHAT_DRAIN_S),
            routes=RouteTable(routes_of(settings)),
            memory=Memory(settings.bridge.memory),
            carry_over=carry_over_of(settings),
            take_overs=take_overs_of(settings),
            interrupts=settings.bridge.busy == "interrupt",
            idle_line=settings.bridge.idle_line,
            show_tools=settings.bridge.show_tools,
            max_pages=settings.bridge.max_pages,
        )
        with unwrap_group():
            await worker.run(stop)
        # A terminal's conversation cannot be continued: its billing closes now, not when it falls idle.
        session = await stores.sessions.current(terminal.thread)
        if session is not None:
            await stores.sessions.begin_end(terminal.thread, session.conversation.id, EndReason.COMMAND)
        await stores.exchanges.drop(terminal.thread, clock.now())
        await Reaper(agent, stores.sessions, clock).sweep()
