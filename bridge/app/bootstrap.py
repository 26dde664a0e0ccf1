"""Puts everything together: the one place that knows the core, the adapters and the settings."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from adapters.redis_store import StoreLimits
from adapters.redis_store.client.connection import RedisClient, connect
from adapters.redis_store.client.server_check import check_server, is_cluster
from adapters.redis_store.embedded.server import start_embedded
from adapters.redis_store.stores import RedisStores
from adapters.registry import CHANNELS, ChannelFactory
from adapters.scheduler import every
from adapters.talkifai.client import TalkifaiAgent
from adapters.tracing.factory import open_tracer
from bridge.access.memory import Memory
from bridge.app.access import access_warnings, audience
from bridge.app.check.talkifai import agents_of, look_at_start
from bridge.app.risks import risks
from bridge.app.serving.in_force import InForce
from bridge.app.serving.leaving import StopRequest, leave
from bridge.app.serving.reload import Reload, on_hangup
from bridge.domain.errors import SettingWrong, StoreUnavailable
from bridge.domain.exchanges import CarryOverLimits
from bridge.domain.files import FileRules
from bridge.domain.take_overs import MayTakeOver, TakeOverOptions
from bridge.ports.agent import Agent
from bridge.ports.channel import WholeChannel
from bridge.rate_limits.agent_limiter import RateLimitedAgent
from bridge.runtime.cancellation import unwrap_group
from bridge.runtime.clock import SystemClock
from bridge.runtime.meter import Meter
from bridge.worker.dependencies import Dependencies
from bridge.worker.dispatcher import DispatchLimits
from bridge.worker.traced import TracedAgent
from bridge.worker.worker import Worker
from config.apart import load_apart
from config.settings import Settings, reveal

if TYPE_CHECKING:
    from adapters.web.server import WebServer

log = logging.getLogger(__name__)

_DAY_S = 86_400.0
_GARBAGE_AFTER = 10_000, 20, 20
"""How many more objects, looks at young ones and looks at older ones let the next look begin. Python: 700, 10, 10."""


async def run_worker(
    settings: Settings,
    *,
    serves_web: bool = False,
    ends_sessions: bool = False,
    factories: Sequence[ChannelFactory] = CHANNELS,
) -> None:
    """Serve the channels that are set until SIGTERM or Ctrl-C. Raises `BridgeError` when it cannot start.

    Args:
        settings: Which channels are served, and how.
        serves_web: With a web server, which webhooks need.
        ends_sessions: End every open session at the stop, those of other workers too.
        factories: The channels that there are.
    """
    if not serves_web:
        _refuse_what_needs_web(settings, factories)
    stop = StopRequest()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    in_force = InForce(settings)
    for warning in (*access_warnings(settings), *risks(settings)):
        log.warning("%s", warning)
    for sentence in audience(settings):
        log.info("%s", sentence)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(on_hangup(Reload(settings, load_apart, in_force.apply), stop))
        stores = await open_stores(settings, stack)
        talkifai = await stack.enter_async_context(talkifai_agent(settings))
        agent_name = await look_at_start(talkifai, agents_of(settings, factories))
        meter = Meter()
        tracer = stack.enter_context(open_tracer())
        agent: Agent = RateLimitedAgent(talkifai, stores.quota, SystemClock(), meter)
        if tracer.is_on:
            agent = TracedAgent(agent, tracer)
        server = await _web_server(settings, factories, stack) if serves_web else None
        channels: list[WholeChannel] = []
        for factory in factories:
            if factory.is_enabled(settings):
                channels += await stack.enter_async_context(factory.open_channels(settings, stores, server))
        in_force.show_in(channels)
        worker = Worker(
            Dependencies(
                agent=agent,
                stores=stores,
                channels=channels,
                clock=SystemClock(),
                every=every,
                meter=meter,
                tracer=tracer,
            ),
            idle_timeout_s=settings.bridge.idle_timeout_s,
            limits=DispatchLimits(max_turns=settings.bridge.max_turns, drain_s=settings.bridge.drain_s),
            routes=in_force.routes,
            access=in_force.access,
            memory=Memory(settings.bridge.memory),
            carry_over=carry_over_of(settings),
            take_overs=take_overs_of(settings),
            interrupts=settings.bridge.busy == "interrupt",
            idle_line=settings.bridge.idle_line,
            show_tools=settings.bridge.show_tools,
            max_pages=settings.bridge.max_pages,
            files=files_of(settings),
            agent_name=agent_name,
            alert_places=settings.bridge.alerts,
        )
        in_force.limit(worker.allowances)
        await _open_pages(stack, server, settings, worker)
        # What is loaded by now stays, and what a turn makes lasts for seconds: looking through it again and again for
        # garbage costs CPU. What imports have noted of folders is of no more use; one that comes late looks again.
        gc.freeze()
        gc.set_threshold(*_GARBAGE_AFTER)
        sys.path_importer_cache.clear()
        with unwrap_group():
            await worker.run(stop)
        await leave(stores, agent, end_within_s=stop.left_s() if ends_sessions else 0.0)
        log.info("stopped")


# What serves pages is imported late: a worker that serves none has 4 MB less.


async def _web_server(settings: Settings, factories: Iterable[ChannelFactory], stack: AsyncExitStack) -> "WebServer":
    from adapters.web.server import WebServer  # noqa: PLC0415 - the reason stands above

    names = [factory.NAME for factory in factories]
    return await stack.enter_async_context(
        WebServer(port=settings.bridge.port, host=settings.bridge.host, channels=names)
    )


async def _open_pages(stack: AsyncExitStack, server: "WebServer | None", settings: Settings, worker: Worker) -> None:
    if server is None and settings.bridge.metrics_port is None:
        return
    from bridge.app.serving.health_pages import open_pages  # noqa: PLC0415 - the reason stands above

    await open_pages(stack, server, settings, worker)


def _refuse_what_needs_web(settings: Settings, factories: Iterable[ChannelFactory]) -> None:
    """Raise `SettingWrong` where a service is to call us and there is no web server."""
    for factory in factories:
        for name, otherwise in factory.needs_web(settings).items():
            remedy = f"Start it with `talkifai-bridge web`, or {otherwise}"
            raise SettingWrong(name, "needs the web server, which `run` has not", remedy)


def talkifai_agent(settings: Settings) -> TalkifaiAgent:
    """Make the TalkifAI client that the settings describe."""
    key, studio = settings.talkifai.api_key, settings.talkifai.studio_token
    return TalkifaiAgent(
        base_url=settings.talkifai.base_url,
        agent_id=str(settings.talkifai.agent_id),
        api_key=key.get_secret_value() if key else "",
        studio_token=studio.get_secret_value() if studio and not key else "",
    )


def carry_over_of(settings: Settings) -> CarryOverLimits:
    """Return how much of a thread outlives its conversation."""
    bridge = settings.bridge
    turns = bridge.carry_over_turns if bridge.carry_over else 0
    return CarryOverLimits(turns, bridge.carry_over_hours * 3600, compacts=bridge.carry_over and bridge.compact)


def take_overs_of(settings: Settings) -> TakeOverOptions:
    """Return how people take threads over."""
    bridge = settings.bridge
    tools = frozenset(name.casefold() for name in bridge.human_tools)
    may = MayTakeOver(bridge.human)
    # With no one who may give it back, a thread would stay silent until its time is over.
    return TakeOverOptions(may) if may is MayTakeOver.OFF else TakeOverOptions(may, tools, bridge.human_button)


def files_of(settings: Settings) -> FileRules:
    """Return which answers become files, and which files are read."""
    bridge = settings.bridge
    endings = bridge.read_file_types.lower().split(",") if bridge.read_files else ()
    return FileRules(bridge.file_from, frozenset(name.strip(" .") for name in endings), bridge.read_file_kb * 1000)


async def open_stores(settings: Settings, stack: AsyncExitStack) -> RedisStores:
    """Connect to Redis and look at its set-up."""
    redis = await redis_client(settings, stack)
    try:
        warnings = await check_server(redis)
        stores = RedisStores(
            redis,
            prefix=await key_prefix(settings, redis),
            limits=StoreLimits(
                carried=carry_over_of(settings),
                hand_back_s=settings.bridge.human_hours * 3600,
                ledger_lines=settings.bridge.ledger_lines,
                ledger_s=settings.bridge.ledger_days * _DAY_S,
                ratings_s=settings.bridge.ratings_days * _DAY_S,
                dead_letter_s=settings.bridge.dead_letters_days * _DAY_S,
            ),
            requests_per_minute=settings.talkifai.requests_per_minute,
            secret_keys=tuple(map(reveal, settings.bridge.secret_key)),
        )
        stack.push_async_callback(stores.aclose)
        await stores.open()
    except StoreUnavailable as error:
        remedy = "Start the server that it names, correct the address, or unset it for the embedded server"
        raise SettingWrong("REDIS_URL", str(error), remedy) from error
    for warning in warnings:
        log.warning("%s", warning)
    return stores


async def key_prefix(settings: Settings, redis: RedisClient) -> str:
    """Return what all keys begin with: in braces on a cluster, so that they share one slot."""
    prefix = settings.bridge.key_prefix
    return f"{{{prefix}}}" if await is_cluster(redis) else prefix


async def redis_client(settings: Settings, stack: AsyncExitStack) -> RedisClient:
    """Make a client, starting the embedded server where no address is set. The stack closes both."""
    if settings.redis.url is not None:
        url = settings.redis.url.get_secret_value()
    else:
        server = await asyncio.to_thread(start_embedded, settings.bridge.data_dir)
        stack.push_async_callback(asyncio.to_thread, server.stop)
        server.watch()
        url = server.url
        log.info("embedded Redis started", extra={"data_dir": str(settings.bridge.data_dir)})
    redis = connect(url, tls_verify=settings.redis.verifies_tls(on_heroku="DYNO" in os.environ))
    stack.push_async_callback(redis.aclose)
    return redis
