"""The page itself: foreign text stays text, keys are enough, a phone is wide enough, strangers reach nothing."""

import aiohttp
import pytest
from playwright.async_api import Page, expect

from tests.browser.steps import ask_in_slack, ask_in_telegram, choose_agent, open_channel

XSS = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
PHONE = {"width": 390, "height": 844}


async def test_markup_by_a_person_and_by_the_agent_is_shown_as_text(page: Page) -> None:
    await choose_agent(page, "troublemaker")
    await open_channel(page, "sales")
    await ask_in_slack(page, f"@TalkifAI {XSS}")
    await ask_in_telegram(page, XSS)
    thread = page.locator(".s-thread")
    await expect(thread.locator(".s-message .s-text").first).to_contain_text(XSS)
    await expect(page.locator(".t-message.mine .t-text").last).to_contain_text(XSS)
    for answer in (thread.locator(".is-bot .s-text").last, page.locator(".t-message.is-bot .t-text").last):
        await expect(answer).to_contain_text("this is only text")
        await expect(answer).to_contain_text("<script>")
    assert await page.title() != "pwned"
    assert await page.locator("main script, main img, main iframe").count() == 0
    addresses = await page.eval_on_selector_all("main a", "links => links.map((link) => link.getAttribute('href'))")
    assert [address for address in addresses if not address.startswith(("https://", "http://", "mailto:"))] == []
    assert await page.locator(".mention.live").count() == 0


async def test_the_browser_itself_refuses_text_as_markup(page: Page) -> None:
    refused = await page.evaluate(
        """() => {
          try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); } catch { return true; }
          return false;
        }"""
    )
    assert refused is True


async def test_keys_are_enough_to_ask_and_to_press_a_button(page: Page) -> None:
    await choose_agent(page, "support")
    await page.keyboard.press("Tab")
    skip = page.locator(".skip")
    await skip.focus()
    await page.keyboard.press("Enter")
    await page.locator("#slack-input").focus()
    await page.keyboard.type("@TalkifAI Can we rotate the key?")
    await page.keyboard.press("Enter")
    thread = page.locator(".s-thread")
    helpful = thread.get_by_role("button", name="Helpful", exact=True)
    await helpful.wait_for()
    await expect(page.locator("#slack-thread-input")).to_be_focused()
    for _ in range(30):
        await page.keyboard.press("Shift+Tab")
        if await helpful.evaluate("button => button === document.activeElement"):
            break
    await expect(helpful).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()


async def test_a_phone_shows_one_view_at_a_time_and_nothing_is_cut_off(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    for view, visible in (
        ("slack", "#slack-input"),
        ("telegram", "#telegram-input"),
        ("meter", "#open-count"),
        ("faults", ".f-card"),
        ("timeline", ".l-canvas"),
    ):
        await page.click(f".tabbar [data-view={view}]")
        await expect(page.locator(visible).first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.click(".tabbar [data-view=telegram]")
    await ask_in_telegram(page, "Can we rotate the key?")
    await expect(page.locator(".t-message.is-bot").last).to_be_visible()


async def test_dark_and_light_can_be_chosen_and_are_remembered(page: Page) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    before = await page.evaluate(colour)
    await page.get_by_role("button", name="Dark or light").click()
    await page.wait_for_function(f"before => {colour} !== before", arg=before)
    await page.reload()
    await page.wait_for_selector(".s-places button")
    assert await page.evaluate(colour) != before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=["another origin", "no origin", "another name", "another site"],
)
async def test_strangers_reach_nothing(playground: str, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("", "feed", "js/main.js"):
            async with session.get(playground + path, headers=headers) as response:
                assert response.status == 404


async def test_nothing_is_served_without_the_token_or_outside_the_page(playground: str) -> None:
    root = playground.rsplit("/", 2)[0]
    async with aiohttp.ClientSession() as session:
        for url in (
            f"{root}/",
            f"{root}/wrong/",
            f"{playground}../server.py",
            f"{playground}%2e%2e/server.py",
            f"{playground}js",
        ):
            async with session.get(url) as response:
                assert response.status == 404
        async with session.get(playground) as response:
            assert response.status == 200
            policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
