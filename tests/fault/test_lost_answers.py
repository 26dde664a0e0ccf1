"""The connection breaks after a post was sent, before its answer."""

import pytest

from bridge.domain.notices import Notice
from sandbox.faults import Fault
from sandbox.talkifai.script import Answer, Say
from tests.english import english
from tests.fault.cluster import Cluster
from tests.fault.proxy import Proxy
from tests.fault.steps import BEGIN, MIDDLE, REST, WHOLE, Scene
from tests.fault.talks import TALKS, talk_on


@pytest.mark.parametrize("channel", TALKS)
async def test_a_post_whose_answer_was_lost_never_shows_the_same_text_twice(cluster: Cluster, channel: str) -> None:
    """S16: found again where the service allows it, else never repeated."""
    await cluster.start_worker()
    whole = Scene(cluster, talk_on(cluster.stage, channel), "answered at once")
    cluster.answers[whole.question] = Answer.of(Say(WHOLE, chunk=len(WHOLE)))
    parts = Scene(cluster, talk_on(cluster.stage, channel), "answered in parts")
    parts.answer_in_parts(BEGIN, MIDDLE + REST)
    for scene in (whole, parts):
        scene.talk.faults.arm(Fault(scene.talk.post_call, where=scene.talk.here, lose_answer=True))

    await whole.ask()
    await parts.ask()
    await parts.talk.until_shown(BEGIN.strip())
    parts.open_all()
    await parts.talk.until_shown(WHOLE)
    # Telegram does not say whether the text is there: a notice tells its asker so.
    told = [WHOLE] if whole.talk.finds_lost_posts else [WHOLE, english(Notice.UNSURE)]
    await whole.talk.until_texts(*told)
    for scene in (whole, parts):
        await cluster.until_let_go(scene.talk.thread)
        assert len(set(scene.talk.texts)) == len(scene.talk.texts)
        assert scene.talk.posted == [scene.question]

    assert whole.talk.texts == told
    assert parts.talk.texts == ([WHOLE] if parts.talk.finds_lost_posts else [BEGIN.strip(), WHOLE])


async def test_a_network_that_breaks_under_posts_costs_no_text_and_doubles_none(cluster: Cluster) -> None:
    """S16: every connection to Slack is broken while a post is under way."""
    async with Proxy.to(cluster.stage.slack.api_url) as network:
        await cluster.start_worker(SLACK_API_URL=f"http://127.0.0.1:{network.port}/api/")
        scene = Scene(cluster, talk_on(cluster.stage, "slack"), "hello")
        scene.answer_in_parts(BEGIN, MIDDLE + REST)
        scene.hold(scene.talk.post_call)
        await scene.ask()
        await scene.gate.reached()

        network.break_connections()
        scene.open_all()

        await scene.talk.until_texts(WHOLE)
        await cluster.until_let_go(scene.talk.thread)
        assert scene.talk.texts == [WHOLE]
