"""Workspaces install the app through the pages of a worker."""

import httpx
from cryptography.fernet import Fernet

from adapters.slack.workspaces.oauth import INSTALL_PATH
from sandbox.slack import SlackStandIn
from sandbox.slack.oauth import CLIENT_ID, CLIENT_SECRET
from sandbox.slack.workspace import SlackWorkspace


def oauth_settings(slack: SlackStandIn, port: str) -> dict[str, str]:
    """Return the settings of a worker for many workspaces, with a new secret key; events come over HTTP."""
    return {
        "PORT": port,
        "SLACK_BOT_TOKEN": "",
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_CLIENT_ID": CLIENT_ID,
        "SLACK_CLIENT_SECRET": CLIENT_SECRET,
        "BRIDGE_SECRET_KEY": Fernet.generate_key().decode(),
    }


async def install(slack: SlackStandIn, space: SlackWorkspace, port: str) -> None:
    """Go through the pages as a person of the workspace."""
    slack.distribution.consents_for = space
    async with httpx.AsyncClient() as browser:
        sent = await browser.get(f"http://127.0.0.1:{port}{INSTALL_PATH}")
        consented = await browser.get(sent.headers["location"])
        cookie = sent.headers["set-cookie"].partition(";")[0]
        assert (await browser.get(consented.headers["location"], headers={"Cookie": cookie})).status_code == 200
