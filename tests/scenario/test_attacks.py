"""Strangers attack the running bridge over real sockets; everybody else is served."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from adapters.slack.inbound.http_mode import EVENTS_PATH
from sandbox.talkifai.script import Answer
from tests.ports import free_port
from tests.scenario.messengers import SlackMessenger, TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

_DESCRIPTORS = 256
_SIGNED_LOOK = "X-Slack-Signature: v0=" + "0" * 64


@contextmanager
def few_descriptors() -> Iterator[None]:
    """Let processes that are started inside have few descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    """A bridge that is called by both services, with few descriptors."""
    async with Scene() as opened:
        port = free_port()
        opened.stage.slack.deliver_to(f"http://127.0.0.1:{port}{EVENTS_PATH}")
        settings = {
            "PORT": port,
            "SLACK_SIGNING_SECRET": opened.stage.slack.signing_secret,
            "SLACK_APP_TOKEN": "",
            "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}",
        }
        with few_descriptors():
            await opened.start_bridge("web", **settings)
        yield opened


@pytest.fixture
def port(scene: Scene) -> int:
    url = scene.stage.slack.sockets.request_url
    assert url is not None
    return int(url.url.rpartition(":")[2].partition("/")[0])


def memory_mb(scene: Scene) -> float:
    """Return what the bridge holds."""
    lines = Path(f"/proc/{scene.bridges[0].process.pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


async def send(port: int, sent: bytes, stack: AsyncExitStack) -> None:
    """Send something and leave the connection open."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        writer.write(sent)
        await asyncio.wait_for(writer.drain(), 2.0)
    except (OSError, TimeoutError):
        return


async def everybody_is_served(scene: Scene, word: str) -> float:
    """Ask in both services and return how long the slower answer took."""
    slack, telegram = SlackMessenger(scene), TelegramMessenger(scene)
    scene.answers[word] = Answer.of(f"{word} indeed.")
    began = time.monotonic()
    talks = await asyncio.gather(slack.ask_directly(word), telegram.ask_directly(word))
    await asyncio.gather(
        slack.until_said(talks[0], f"{word} indeed."), telegram.until_said(talks[1], f"{word} indeed.")
    )
    return time.monotonic() - began


def half_sent_body() -> bytes:
    head = (
        f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: a\r\n{_SIGNED_LOOK}\r\n"
        f"X-Slack-Request-Timestamp: {int(time.time())}\r\nContent-Length: 262144\r\n\r\n"
    )
    return head.encode() + b"x" * 200_000


@pytest.mark.parametrize("kind", ["heads", "bodies", "malformed"])
async def test_a_flood_of_half_requests_takes_neither_health_nor_channels_down(
    scene: Scene, port: int, kind: str
) -> None:
    """A17: more connections than the process has descriptors."""
    await everybody_is_served(scene, f"before {kind}")
    memory, lines = memory_mb(scene), len(scene.bridges[0].log)
    sent = {
        "heads": b"POST /slack/events HTTP/1.1\r\nX-A: ",
        "bodies": half_sent_body(),
        "malformed": b"\x16\x03\x01 no HTTP\r\n\r\n",
    }[kind]
    async with AsyncExitStack() as stack, httpx.AsyncClient(timeout=10) as client:
        for _ in range(6):
            await asyncio.gather(*(send(port, sent, stack) for _ in range(50)))
            assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
        await everybody_is_served(scene, f"amid {kind}")
        assert memory_mb(scene) - memory < 60
    assert scene.bridges[0].process.returncode is None
    log = scene.bridges[0].log[lines:]
    assert [line for line in log if "Traceback" in line or "Too many open files" in line] == []
    assert len([line for line in log if "adapters.web" in line]) <= 3


@pytest.mark.parametrize("is_addressed", [False, True])
async def test_runs_of_blanks_and_brackets_delay_nobody(scene: Scene, *, is_addressed: bool) -> None:
    """A16: 40,000 characters that a pattern could stumble over."""
    slack = SlackMessenger(scene)
    usual = min([await everybody_is_served(scene, f"usual {number} {is_addressed}") for number in range(3)])
    place, eve = slack.channel(), slack.person()
    mention = slack.slack.mention if is_addressed else "a"
    for run in (" ", "\t", "<", "<@", "<@U00001|", "&", "\n", "`", "[", "x "):
        await slack.slack.say(eve, place, f"{mention}{run * (39_000 // len(run))}b")
    assert await everybody_is_served(scene, f"after blanks {is_addressed}") < usual + 1.0
