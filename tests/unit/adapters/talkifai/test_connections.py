"""What becomes of connections."""

from aiohttp import web

from adapters.talkifai.limits import TalkifaiLimits
from bridge.domain.sessions import Conversation
from bridge.domain.stream_events import StreamEnded, TextDelta
from sandbox.talkifai.player import whole_body
from sandbox.talkifai.script import Answer
from tests.unit.adapters.talkifai.conftest import Building, Serving


async def test_the_connection_of_a_whole_answer_is_used_again(serving: Serving, build: Building) -> None:
    peers: set[object] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await response.write(whole_body(Answer.of("fine"), "Agent"))
        return response

    async with serving(answer) as base_url:
        agent = build(base_url)
        for _ in range(5):
            async with agent.ask(Conversation("c", "t"), "hello") as events:
                assert [event async for event in events][1] == TextDelta("fine")
    assert len(peers) == 1


async def test_a_server_that_goes_on_after_the_end_does_not_hold_the_reader_up(
    serving: Serving, build: Building
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(whole_body(Answer.of("fine"), "Agent"))
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b": keep-alive\n\n" * 1000)
        return response

    limits = TalkifaiLimits(drain_s=0.05)
    async with (
        serving(answer) as base_url,
        build(base_url, limits=limits).ask(Conversation("c", "t"), "hello") as events,
    ):
        read = [event async for event in events]
    assert isinstance(read[-1], StreamEnded)


async def test_no_cookie_is_kept_from_one_conversation_to_another(serving: Serving, build: Building) -> None:
    cookies: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.json_response({"messages": []}, headers={"Set-Cookie": "session=1; Path=/"})

    async with serving(answer) as base_url:
        agent = build(base_url)
        await agent.history(Conversation("c", "t"))
        await agent.history(Conversation("d", "t"))
    assert cookies == [None, None]
