"""A newcomer asks on both services and watches what comes."""

from playwright.async_api import Page, expect

from tests.browser.conftest import IDLE_S
from tests.browser.steps import ask_in_slack, ask_in_telegram, choose_agent, open_channel, versions, watch

STEPS = 3


async def test_an_answer_grows_in_the_thread_and_a_follow_up_needs_no_mention(page: Page) -> None:
    await choose_agent(page, "support")
    await watch(page, ".s-thread .s-message.is-bot .s-text")
    await ask_in_slack(page, "@TalkifAI Why does our webhook answer 401?")
    thread = page.locator(".s-thread")
    await expect(thread.locator(".rich table td").first).to_have_text("09:12")
    await expect(thread.get_by_role("button", name="Helpful", exact=True)).to_be_visible()
    grown = await versions(page)
    assert len(grown) >= STEPS
    assert any("Looking that up: search logs" in text for text in grown)
    await page.fill("#slack-thread-input", "Can we rotate the key?")
    await page.press("#slack-thread-input", "Enter")
    await expect(thread.locator("figure.code pre")).to_contain_text("keys revoke hooks-1")
    await expect(thread.locator(".s-message.is-bot")).to_have_count(2)


async def test_an_answer_grows_in_telegram_and_its_button_stops_it(page: Page) -> None:
    await choose_agent(page, "writer")
    await watch(page, ".t-message.is-bot .t-text")
    await ask_in_telegram(page, "Write an onboarding plan for ten weeks")
    await expect(page.locator(".t-message.is-bot .t-text").last).to_contain_text("Week 3")
    assert len(await versions(page)) >= STEPS
    await page.get_by_role("button", name="⏹ Stop").click()
    await expect(page.locator(".t-message.is-bot .t-text").last).to_contain_text("Stopped")
    await expect(page.get_by_role("button", name="🔁 Retry")).to_be_visible()


async def test_stop_ends_an_answer_and_retry_is_offered(page: Page) -> None:
    await choose_agent(page, "writer")
    await open_channel(page, "lobby")
    await ask_in_slack(page, "@TalkifAI long 20000")
    thread = page.locator(".s-thread")
    await thread.get_by_role("button", name="Stop", exact=True).click()
    await expect(thread.locator(".s-text").last).to_contain_text("Stopped")
    await expect(thread.get_by_role("button", name="Try again")).to_be_visible()


async def test_when_everybody_is_silent_nothing_is_open(page: Page) -> None:
    await choose_agent(page, "farewell")
    await open_channel(page, "sales")
    await ask_in_slack(page, "@TalkifAI Thank you, that was all!")
    await expect(page.locator(".m-session.is-open").first).to_be_visible()
    await expect(page.locator("#open-count")).to_have_text("0", timeout=(IDLE_S + 40) * 1000)
    await expect(page.locator(".m-open")).to_contain_text("nothing costs money")
    await expect(page.locator(".m-reason").first).not_to_be_empty()


async def test_ones_own_messages_can_be_edited_deleted_and_reacted_to(page: Page) -> None:
    await open_channel(page, "lobby")
    await ask_in_slack(page, "not for the bot")
    message = page.locator(".s-main .s-message", has_text="not for the bot").last
    await message.hover()
    await message.get_by_role("button", name="Edit").click()
    await page.fill("#slack-input", "really not for the bot")
    await page.press("#slack-input", "Enter")
    message = page.locator(".s-main .s-message", has_text="really not for the bot").last
    await expect(message).to_contain_text("(edited)")
    await message.hover()
    await message.locator("details.emoji summary").click()
    await message.get_by_role("button", name="🎉").click()
    await expect(message.locator(".reaction")).to_contain_text("🎉")
    await message.hover()
    await message.get_by_role("button", name="Delete").click()
    await expect(page.locator(".s-main .s-message", has_text="really not for the bot")).to_have_count(0)


async def test_the_home_tab_is_what_the_bridge_published(page: Page) -> None:
    await open_channel(page, "TalkifAI")
    await page.get_by_role("tab", name="Home").click()
    await expect(page.locator(".s-home")).to_contain_text("I bring an AI agent to where you talk")
    await page.get_by_role("tab", name="Messages").click()
    await ask_in_slack(page, "/talkifai help")
    await expect(page.locator(".s-alone").last).to_contain_text("Only visible to you")


async def test_a_topic_of_a_forum_is_a_conversation_of_its_own(page: Page) -> None:
    await choose_agent(page, "polyglot")
    await page.get_by_role("button", name="All chats").click()
    await page.locator(".t-chats button", has_text="Garden club").click()
    await page.locator(".t-chats button", has_text="Seeds").click()
    await ask_in_telegram(page, "@talkifai_bot مرحبا")
    answer = page.locator(".t-message.is-bot .t-text").last
    await expect(answer).to_contain_text("ثلاث خطوات")
    assert await answer.evaluate("element => getComputedStyle(element).direction") == "rtl"
