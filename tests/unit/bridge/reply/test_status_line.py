"""What the status line says, and that none of it ever counts as the agent's text."""

import asyncio

from bridge.domain.notices import Notice, Status
from bridge.domain.pages import PageView
from bridge.domain.stream_events import HandedOff, TextDelta, ToolFinished, ToolStarted
from bridge.reply.reply import Reply
from bridge.reply.status_line import say_thinking, wait_for_place
from bridge.texts.sentences import tool_status, tools_used
from tests.english import english
from tests.virtual_time import LoopClock, run_virtually


def _reply(*, show_tools: bool = False) -> Reply:
    return Reply("q1", lambda text: len(text) < 1000, show_tools=show_tools)


def _nothing() -> None:
    return


def test_thinking_is_said_after_a_moment_and_gone_with_the_first_text() -> None:
    reply = _reply()

    async def play() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(say_thinking(reply, _nothing, LoopClock()))
            await asyncio.sleep(1.9)
            assert reply.status == ""
            await asyncio.sleep(0.2)
            assert reply.status == english(Status.THINKING)
            assert reply.views() == [PageView(status=english(Status.THINKING), turn_id="q1")]
            reply.apply(TextDelta("Here"))
            assert reply.status == ""

    run_virtually(play())
    reply.end()
    assert [(view.text, view.status) for view in reply.views()] == [("Here", "")]


def test_waiting_for_a_place_is_said_as_long_as_it_takes() -> None:
    reply = _reply()
    woken: list[str] = []

    async def play() -> None:
        await wait_for_place(reply, lambda: woken.append(reply.status), LoopClock(), 30.0)
        await wait_for_place(reply, lambda: woken.append(reply.status), LoopClock(), 0.5)

    run_virtually(play())
    assert woken == [english(Status.WAITING), "", ""]
    assert (reply.text, reply.length, reply.has_begun) == ("", 0, False)


def test_what_the_agent_does_is_said_before_what_the_bridge_says() -> None:
    reply = _reply()
    reply.say(Status.THINKING)
    reply.apply(HandedOff("Billing Agent"))
    assert reply.status == "Now with Billing Agent"
    reply.apply(ToolStarted("web_search"))
    assert reply.status == "Looking that up: web search…"


def test_a_finished_reply_names_each_tool_once_where_that_is_wanted() -> None:
    for show_tools, below in ((True, "Used: web search, calculator"), (False, "")):
        reply = _reply(show_tools=show_tools)
        for name in ("web_search", "calculator", "web-search", ""):
            reply.apply(ToolStarted(name))
            reply.apply(ToolFinished(name))
        reply.apply(TextDelta("Done."))
        assert [view.notice for view in reply.views()] == [""]
        reply.end()
        assert [(view.text, view.notice) for view in reply.views()] == [("Done.", below)]


def test_the_tools_stand_above_the_notice() -> None:
    reply = _reply(show_tools=True)
    reply.apply(ToolStarted("calculator"))
    reply.end(english(Notice.FAILED))
    assert [view.notice for view in reply.views()] == [f"Used: calculator\n{english(Notice.FAILED)}"]


def test_the_line_of_tools_is_short_whatever_they_are_called() -> None:
    names = [f"a_tool_with_a_rather_long_name_{number}" for number in range(50)]
    assert tools_used(english, names) == "Used: a tool with a rather long name 0, a tool with a rather long name 1, …"
    assert len(tools_used(english, ["x" * 500, "y" * 500])) <= 110
    assert tools_used(english, []) == tools_used(english, ["", "__"]) == ""
    assert tool_status(english, "<!here>_@everyone #tag /cmd") == "Looking that up: !here everyone tag cmd…"
