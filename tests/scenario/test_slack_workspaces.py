"""One bridge for two workspaces, which install the app through its pages and remove it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.slack.inbound.http_mode import EVENTS_PATH
from adapters.slack.workspaces.oauth import REDIRECT_PATH
from sandbox.bridge_process import NotReady
from sandbox.slack.workspace import SlackWorkspace
from sandbox.talkifai.script import Answer
from tests.ports import free_port
from tests.scenario.messengers import SlackMessenger, Talk
from tests.scenario.scene import Scene
from tests.slack_installs import install, oauth_settings

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(150)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    async with Scene() as opened:
        slack, port = opened.stage.slack, free_port()
        slack.deliver_to(f"http://127.0.0.1:{port}{EVENTS_PATH}")
        slack.distribution.redirect_url = f"http://127.0.0.1:{port}{REDIRECT_PATH}"
        await opened.start_bridge("web", **oauth_settings(slack, port))
        for team, name in (("T0NORTH", "North"), ("T0SOUTH", "South")):
            await install(slack, slack.add_workspace(team, name), port)
        yield opened


async def mention(slack: SlackMessenger, space: SlackWorkspace, text: str) -> Talk:
    """Ask in a new channel of a workspace."""
    place, person = f"C{space.team_id}{len(space.places)}", f"U{space.team_id}{len(space.people)}"
    slack.slack.add_channel(place, "general", space=space)
    slack.slack.person("Ada", person, f"{person}@example.com", space=space)
    root = await slack.slack.say(person, place, f"<@{space.bot_user_id}> {text}")
    return Talk(place, root, [root], person)


async def test_two_workspaces_are_answered_and_one_that_removes_the_app_has_its_conversations_ended(
    slack: SlackMessenger,
) -> None:
    """S14: the bot is removed from a whole workspace."""
    slack.scene.answers |= {"north?": Answer.of("Up."), "south?": Answer.of("Down."), "still?": Answer.of("Still.")}
    north, south = (slack.slack.apis[team].workspace for team in ("T0NORTH", "T0SOUTH"))
    up, down = await mention(slack, north, "north?"), await mention(slack, south, "south?")
    await slack.until_texts(up, "Up.")
    await slack.until_texts(down, "Down.")
    assert [record.metadata["team"] for record in slack.records(up) + slack.records(down)] == ["T0NORTH", "T0SOUTH"]

    # Slack's times are whole seconds: news of the second of the installation are older than it.
    await asyncio.sleep(1.1)
    slack.slack.uninstall(north)
    await slack.until_ended(up)
    await slack.follow_up(down, "still?")
    await slack.until_texts(down, "Down.", "Still.")
    assert [record.ended_at is None for record in slack.records(down)] == [True]
    assert "xoxb-" not in slack.scene.log


async def test_many_workspaces_need_the_web_server_and_all_of_their_settings(own_scene: Scene) -> None:
    """A2: nothing starts half-configured, and each setting is named."""
    whole = oauth_settings(own_scene.stage.slack, "8080")
    with pytest.raises(NotReady, match="SLACK_CLIENT_ID: needs the web server"):
        await own_scene.start_bridge(**{**whole, "SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": "xapp-1"})
    with pytest.raises(NotReady, match="BRIDGE_SECRET_KEY: is not set"):
        await own_scene.start_bridge("web", **{**whole, "BRIDGE_SECRET_KEY": ""})
    with pytest.raises(NotReady, match="SLACK_BOT_TOKEN: is set together with SLACK_CLIENT_ID"):
        await own_scene.start_bridge("web", **{**whole, "SLACK_BOT_TOKEN": "xoxb-1"})
