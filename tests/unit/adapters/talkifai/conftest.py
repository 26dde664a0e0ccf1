"""The client against the stand-in, and against servers that answer anything a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import web

from adapters.talkifai.client import TalkifaiAgent
from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.sessions import Conversation
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.server import TalkifaiStandIn

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serving = Callable[[Handler], AbstractAsyncContextManager[str]]
Building = Callable[..., TalkifaiAgent]


class NoWaitClock:
    """Time stands still, and sleeping is noted instead."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 1_800_000_000.0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
async def standin() -> AsyncIterator[TalkifaiStandIn]:
    async with TalkifaiStandIn() as running:
        yield running


@pytest.fixture
def clock() -> NoWaitClock:
    return NoWaitClock()


@pytest.fixture
async def build(clock: NoWaitClock) -> AsyncIterator[Building]:
    """Build agents that are closed after the test."""
    built: list[TalkifaiAgent] = []

    def new_agent(
        base_url: str,
        *,
        agent_id: str = TEXT_AGENT_ID,
        key: str = SANDBOX_API_KEY,
        limits: TalkifaiLimits | None = None,
    ) -> TalkifaiAgent:
        agent = TalkifaiAgent(base_url=base_url, agent_id=agent_id, api_key=key, limits=limits, clock=clock)
        built.append(agent)
        return agent

    yield new_agent
    for agent in built:
        await agent.aclose()


@pytest.fixture
def agent(standin: TalkifaiStandIn, build: Building) -> TalkifaiAgent:
    return build(standin.base_url)


@pytest.fixture
async def conversation(agent: TalkifaiAgent) -> Conversation:
    return (await agent.open("ann@example.com", {})).conversation


@pytest.fixture
def serving() -> Serving:
    """Serve every request with one function; gives the address."""

    @asynccontextmanager
    async def serve(handler: Handler) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()

    return serve
