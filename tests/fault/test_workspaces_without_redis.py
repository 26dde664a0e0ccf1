"""Redis goes away while answers end in several Slack workspaces that installed the app."""

import asyncio

import pytest

from adapters.slack.workspaces.oauth import REDIRECT_PATH
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import BEGIN, MIDDLE, REST, WHOLE, Scene, text_streams
from tests.fault.talks import slack_talk_in
from tests.ports import free_port
from tests.slack_installs import install, oauth_settings

SHOWN_WITHIN_S = 25.0


@pytest.mark.timeout(150)
@pytest.mark.parametrize("redis", ["is away", "hangs"])
async def test_answers_in_many_workspaces_end_though_redis_is_away_for_several_leases(
    hasty: Cluster, redis: str
) -> None:
    """R5: two workers on Slack's sockets; replies that are shown in part, and replies before their first post."""
    slack, port = hasty.stage.slack, free_port()
    slack.distribution.redirect_url = f"http://127.0.0.1:{port}{REDIRECT_PATH}"
    settings = {
        **oauth_settings(slack, port),
        "SLACK_SIGNING_SECRET": "",
        "SLACK_APP_TOKEN": slack.app_token,
        "TELEGRAM_BOT_TOKEN": "",
    }
    async with Proxy.to(hasty.redis_url) as network:
        redis_url = f"redis://127.0.0.1:{network.port}/0"
        await hasty.start_worker(redis_url, "web", **settings)
        await hasty.start_worker(redis_url, "web", **{**settings, "PORT": free_port()})
        spaces = [slack.add_workspace(f"T0{name.upper()}", name) for name in ("North", "South", "West")]
        for space in spaces:
            await install(slack, space, port)
        # Slack's times are whole seconds: news of the second of the installation are older than it.
        await asyncio.sleep(1.1)
        shown = [Scene(hasty, slack_talk_in(hasty.stage, space), f"on in {space.team_id}") for space in spaces]
        unseen = [Scene(hasty, slack_talk_in(hasty.stage, space), f"new in {space.team_id}") for space in spaces]
        for scene in shown:
            await text_streams(scene)
        for scene in unseen:
            scene.answer_in_parts("", BEGIN + MIDDLE, REST)
            await scene.ask()
            await scene.agent_gates[0].reached()

        if redis == "hangs":
            network.freeze()
        else:
            await network.cut()
        await asyncio.sleep(3.5 * hasty.lease_s)
        scenes = [*shown, *unseen]
        for scene in scenes:
            scene.open_all()
        for scene in scenes:
            await scene.talk.until_texts(WHOLE, within_s=SHOWN_WITHIN_S)
        if redis == "hangs":
            network.thaw()
        else:
            await network.restore()
        await hasty.at_rest(60.0)

        for scene in scenes:
            assert scene.talk.texts == [WHOLE]
            assert scene.talk.posted == [scene.question]
            assert scene.talk.never_went_back()
        await hasty.end_all()
        assert hasty.stage.talkifai.book.open_now == 0
