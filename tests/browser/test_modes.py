"""The services' own ways of streaming, and Slack's view for agents."""

from playwright.async_api import Browser, expect

from sandbox.playground.command import opened
from sandbox.playground.options import Options
from tests.browser.conftest import window
from tests.browser.steps import ask_in_slack, ask_in_telegram, choose_agent, open_channel


async def test_streams_drafts_and_the_view_for_agents_are_drawn(browser: Browser) -> None:
    async with opened(Options(idle_after_s=20.0, browser=False)) as running:
        await running.playground.change(slack="native", telegram="native", agent_view=True)
        async with window(browser, running.url) as page:
            await choose_agent(page, "writer")
            await open_channel(page, "TalkifAI")
            await expect(page.locator(".s-hint .suggestion").first).to_be_visible()
            await ask_in_slack(page, "long 9000")
            thread = page.locator(".s-thread")
            await expect(thread.locator(".live-dot")).to_be_visible()
            # Slack's own Stop, which it shows as long as the thread's state says that the agent is at work.
            await thread.locator(".s-head .s-button").click()
            await expect(thread.locator(".s-text").last).to_contain_text("Stopped")
            await expect(thread.locator(".s-head .s-button")).to_be_hidden()
            await expect(thread.locator(".live-dot")).to_have_count(0)
            await expect(thread.locator(".s-head .faint")).to_have_text("long 9000")

            await ask_in_telegram(page, "Show me a table")
            await expect(page.locator(".draft .t-text")).to_contain_text("Here is the overview")
            await expect(page.locator(".t-message.is-bot:not(.draft) .t-text")).to_contain_text("West")
            await expect(page.locator(".draft")).to_have_count(0)
