"""`talkifai-bridge check` and the start tell the truth about every setting."""

import asyncio
import json
from contextlib import suppress

import pytest
from telegram import Bot
from telegram.error import Conflict

from adapters.telegram.limits import CONFLICT_PAUSE_S
from sandbox.bridge_process import NotReady
from sandbox.talkifai.agents import QUIET_AGENT_ID, TEXT_AGENT_ID, VOICE_AGENT_ID
from tests.scenario.command_line import STOPPED_CLOCK, run_command
from tests.scenario.scene import Scene

pytestmark = pytest.mark.scenario

_UNKNOWN_AGENT = "00000000-0000-0000-0000-000000000000"


async def test_where_all_is_right_every_line_passes_and_the_one_session_is_ended(own_scene: Scene) -> None:
    ran = await run_command(own_scene, "check")

    assert ran.code == 0
    assert [line for line in ran.lines if not line.startswith("pass")] == []
    assert '"Support Agent" answers (TALKIFAI_AGENT_ID); one session was opened and ended at once' in ran.out
    assert "SLACK_BOT_TOKEN is that of the bot in" in ran.out
    assert "SLACK_APP_TOKEN opens sockets" in ran.out
    assert "TELEGRAM_BOT_TOKEN is that of @" in ran.out
    assert "database 0" in ran.out
    (record,) = own_scene.stage.talkifai.book.records
    assert record.ended_at is not None


async def test_without_a_session_the_agent_is_looked_up(own_scene: Scene) -> None:
    ran = await run_command(own_scene, "check", "--offline", TELEGRAM_AGENT_IDS=QUIET_AGENT_ID)

    assert ran.code == 0
    assert '"Support Agent" is a text agent (TALKIFAI_AGENT_ID); no session was opened' in ran.out
    assert '"Quiet Agent" is a text agent (TELEGRAM_AGENT_IDS)' in ran.out
    assert own_scene.stage.talkifai.book.records == []


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("TALKIFAI_API_KEY", "tk_live_canary", "TALKIFAI_API_KEY"),
        ("TALKIFAI_AGENT_ID", _UNKNOWN_AGENT, "TALKIFAI_AGENT_ID"),
        ("TALKIFAI_AGENT_ID", VOICE_AGENT_ID, "TALKIFAI_AGENT_ID"),
        ("TELEGRAM_AGENT_IDS", VOICE_AGENT_ID, "TELEGRAM_AGENT_IDS"),
        ("TALKIFAI_BASE_URL", "http://127.0.0.1:1", "TalkifAI cannot be reached"),
        ("SLACK_BOT_TOKEN", "xoxb-canary", "SLACK_BOT_TOKEN"),
        ("SLACK_APP_TOKEN", "xapp-canary", "SLACK_APP_TOKEN"),
        ("SLACK_APP_TOKEN", "xapp-1-A0OTHER-1-canary", "SLACK_BOT_TOKEN of app"),
        ("TELEGRAM_BOT_TOKEN", "999:canary", "TELEGRAM_BOT_TOKEN"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "REDIS_URL"),
    ],
)
async def test_what_is_wrong_fails_and_names_the_setting(
    own_scene: Scene, setting: str, value: str, named: str
) -> None:
    """A3: no secret is in the output."""
    ran = await run_command(own_scene, "check", **{setting: value})

    failed = [line for line in ran.lines if line.startswith("fail")]
    assert ran.code == 1
    assert len(failed) == 1
    assert named in failed[0]
    assert "canary" not in ran.out + ran.errors


async def test_what_the_settings_use_is_compared_with_what_slack_and_telegram_allow(own_scene: Scene) -> None:
    own_scene.stage.slack.scopes.discard("mpim:history")
    own_scene.stage.slack.scopes.discard("reactions:write")
    own_scene.stage.slack.scopes.difference_update({"files:write", "files:read"})
    telegram = own_scene.stage.telegram
    telegram.queues[telegram.bot.id].sees_all_in_groups = False
    files = {"BRIDGE_FILE_FROM": "3", "BRIDGE_READ_FILES": "on"}
    ran = await run_command(own_scene, "check", "--json", TELEGRAM_GROUP_TRIGGER="all", **files)

    found = json.loads(ran.out)
    assert ran.code == 0
    assert found["ok"] is True
    warnings = [one["said"] for one in found["findings"] if one["verdict"] == "warning"]
    assert len(warnings) == 2
    assert "lacks mpim:history, files:write, files:read" in warnings[0]
    assert "TELEGRAM_GROUP_TRIGGER=all" in warnings[1]


async def test_the_agents_of_routes_and_those_with_a_name_are_tried_too(own_scene: Scene) -> None:
    file = own_scene.folder / "bridge.toml"
    file.write_text(
        f'[agents]\nsales = "{QUIET_AGENT_ID}"\n[[routes]]\nchannel = "slack"\nagent = "{VOICE_AGENT_ID}"\n'
        '[[routes]]\nchannel = "telegram"\nagent = "sales"\n'
    )
    ran = await run_command(own_scene, "check", BRIDGE_CONFIG="bridge.toml")

    assert ran.code == 1
    assert '"Quiet Agent" answers (agents.sales); one session was opened and ended at once' in ran.out
    (failed,) = [line for line in ran.lines if line.startswith("fail")]
    assert "this is a voice agent" in failed
    assert "a route: name a text agent" in failed
    assert all(record.ended_at is not None for record in own_scene.stage.talkifai.book.records)
    assert len(own_scene.stage.talkifai.book.records) == 2


async def test_a_mistyped_name_is_found_whether_it_is_needed_or_not(own_scene: Scene) -> None:
    needed = await run_command(
        own_scene, "check", TALKIFAI_AGENT_ID="", TALKIFAI_AGENTID="x", TELEGRAM_BOT_TOKN="1:canary"
    )

    assert needed.code == 1
    assert "fail    settings: TALKIFAI_AGENT_ID: is not set." in needed.out
    assert "Did you mean TALKIFAI_AGENT_ID?" in needed.out
    assert "Did you mean TELEGRAM_BOT_TOKEN?" in needed.out
    assert "canary" not in needed.out + needed.errors
    found = json.loads((await run_command(own_scene, "check", "--json", TALKIFAI_AGENT_ID="")).out)
    assert found["ok"] is False
    other = await run_command(own_scene, "check", "--offline", BRIDGE_SHOW_TOLS="on")
    assert other.code == 0
    assert "warning settings: BRIDGE_SHOW_TOLS: is no setting of the bridge and is ignored." in other.out


async def test_a_clock_that_is_wrong_is_warned_of(own_scene: Scene) -> None:
    ran = await run_command(own_scene, "check", "--offline", program=STOPPED_CLOCK)

    assert ran.code == 0
    assert "warning clock: this machine's clock is " in ran.out
    assert "Let the machine set its clock by NTP." in ran.out


async def test_a_webhook_that_another_program_set_is_warned_of(own_scene: Scene) -> None:
    own_scene.stage.telegram.queues[own_scene.stage.telegram.bot.id].point("https://other.example.com/hook", "")
    ran = await run_command(own_scene, "check")

    assert "warning Telegram: a webhook is set at other.example.com" in ran.out


@pytest.mark.parametrize("pause_s", [0.5, CONFLICT_PAUSE_S])
async def test_another_program_that_polls_is_found_and_loses_nothing(own_scene: Scene, pause_s: float) -> None:
    """One that comes back at once, and another bridge."""
    telegram = own_scene.stage.telegram
    ada = telegram.person("Ada")

    async def poll_like_another_program() -> None:
        async with Bot(telegram.token, base_url=f"{telegram.api_url}/bot") as bot:
            while True:
                with suppress(Conflict):
                    await bot.get_updates(timeout=20)
                await asyncio.sleep(pause_s)

    other = asyncio.create_task(poll_like_another_program())
    queue = telegram.queues[telegram.bot.id]
    await telegram.ledger.until(lambda: len(telegram.calls_of("getMe")) > 0)
    ran = await run_command(own_scene, "check", "--offline")
    other.cancel()
    await telegram.say(ada, telegram.private_chat(ada), "still here")

    assert ran.code == 1
    assert "another program polls with TELEGRAM_BOT_TOKEN" in ran.out
    alone = await run_command(own_scene, "check", "--offline")
    assert alone.code == 0
    assert queue.first() is not None


async def test_a_worker_that_polls_is_not_disturbed(own_scene: Scene) -> None:
    await own_scene.start_bridge()
    queue = own_scene.stage.telegram.queues[own_scene.stage.telegram.bot.id]
    await own_scene.stage.telegram.ledger.until(lambda: queue.polls_begun == 1)
    ran = await run_command(own_scene, "check", "--offline")

    assert ran.code == 0
    assert queue.polls_begun == 1
    assert "another process polls" not in own_scene.log


async def test_files_that_others_can_read_are_warned_of(own_scene: Scene) -> None:
    env_file = own_scene.folder / ".env"
    env_file.write_text("# nothing\n")
    env_file.chmod(0o644)
    ran = await run_command(own_scene, "check", "--offline")

    assert "warning files: .env can be read by other users of this machine. Run chmod 600 .env." in ran.out


@pytest.mark.parametrize(
    ("setting", "value"), [("TALKIFAI_API_KEY", "tk_live_canary"), ("TALKIFAI_AGENT_ID", VOICE_AGENT_ID)]
)
async def test_a_wrong_key_or_a_voice_agent_stops_the_start_without_a_session(
    own_scene: Scene, setting: str, value: str
) -> None:
    """B8: bad key (401), voice agent (400)."""
    with pytest.raises(NotReady, match=setting):
        await own_scene.start_bridge(**{setting: value})

    assert await own_scene.bridges[0].process.wait() == 1
    assert "canary" not in own_scene.log
    assert own_scene.stage.talkifai.book.records == []


async def test_the_ready_line_names_the_agent_and_no_session_was_opened(own_scene: Scene) -> None:
    await own_scene.start_bridge()

    assert '600 s; "Support Agent" answers' in own_scene.log
    assert own_scene.stage.talkifai.book.records == []


async def test_whatever_else_talkifai_answers_stops_no_start(own_scene: Scene) -> None:
    own_scene.stage.talkifai.gate.describes_agents = False
    own_scene.stage.talkifai.gate.out_of_credits = True
    await own_scene.start_bridge()
    await own_scene.start_bridge(TALKIFAI_BASE_URL="http://127.0.0.1:1", BRIDGE_KEY_PREFIX="other", **_NO_TELEGRAM)

    assert own_scene.log.count("ready: ") == 2
    assert "TalkifAI could not be tried yet" in own_scene.log
    assert TEXT_AGENT_ID not in own_scene.log


_NO_TELEGRAM = {"TELEGRAM_BOT_TOKEN": ""}
