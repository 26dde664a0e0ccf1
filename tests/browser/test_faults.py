"""Faults are pressed, and the promise beside each turns green from what the stand-ins saw."""

import pytest
from playwright.async_api import Page, expect

# Each in the order of the page. "Hang up on the agent" waits two minutes for the agent, as the bridge does.
PRESSED = (
    *("kill", "two", "redis", "failover", "cut", "slow", "limit-talkifai", "token"),
    *("limit-slack", "limit-telegram", "duplicate", "flood", "blanks"),
)
WITHIN_MS = 80_000


@pytest.mark.parametrize("key", PRESSED)
async def test_a_promise_turns_green(page: Page, key: str) -> None:
    await page.click("#tab-faults")
    card = page.locator(f"[data-key='{key}']")
    await card.locator(".f-press").click()
    if key == "kill":
        await card.locator(".f-skip").click(timeout=WITHIN_MS)
    await expect(card).to_have_class("f-card is-kept", timeout=WITHIN_MS)
    assert await card.locator(".f-facts li").count() > 0
    await expect(card.get_by_role("img", name="held")).to_be_visible()


async def test_a_call_over_the_limit_is_marked_on_the_time_line(page: Page) -> None:
    await page.click("#tab-faults")
    await page.locator("[data-key='limit-slack'] .f-press").click()
    await expect(page.locator(".l-counts .warn")).to_contain_text("429", timeout=WITHIN_MS)
    await page.locator(".l-list summary").click()
    await expect(page.locator(".l-table .is-limited").first).to_contain_text("chat.update")
    await expect(page.locator("[data-key='limit-slack']")).to_have_class("f-card is-kept", timeout=WITHIN_MS)
