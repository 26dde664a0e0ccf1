"""What a visitor does on the page."""

from playwright.async_api import Page

VERSIONS = """(selector) => {
  window.versions = [];
  const look = () => {
    const found = [...document.querySelectorAll(selector)].at(-1)?.textContent ?? '';
    if (found && found !== window.versions.at(-1)) window.versions.push(found);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


async def open_channel(page: Page, name: str) -> None:
    """Go to a channel, or to the direct message conversation `TalkifAI`."""
    await page.click(f".s-places button:has-text('{name}')")


async def ask_in_slack(page: Page, text: str) -> None:
    """Write in the place that is open."""
    await page.fill("#slack-input", text)
    await page.press("#slack-input", "Enter")


async def ask_in_telegram(page: Page, text: str) -> None:
    """Write in the chat that is open."""
    await page.fill("#telegram-input", text)
    await page.press("#telegram-input", "Enter")


async def choose_agent(page: Page, key: str) -> None:
    """Choose who answers, and wait until the playground knows."""
    await page.select_option("#agent", key)
    await page.wait_for_function("key => document.getElementById('agent').value === key", arg=key)


async def watch(page: Page, selector: str) -> None:
    """Note each text that the newest element of a kind has from now on."""
    await page.evaluate(VERSIONS, selector)


async def versions(page: Page) -> list[str]:
    """Return what was noted."""
    seen: list[str] = await page.evaluate("window.versions")
    return seen
