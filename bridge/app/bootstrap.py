"""Puts everything together: the one place that knows the core, the adapters and the settings."""

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from adapters.redis_store.client.connection import check_server, connect
from adapters.redis_store.embedded.server import start_embedded
from adapters.redis_store.stores import RedisStores
from adapters.scheduler import every
from adapters.slack.channel import SlackChannel
from adapters.slack.inbound.http_mode import Web
from adapters.slack.scopes import AGENT_VIEW_SCOPES, BOT_SCOPES
from adapters.slack.workspaces.distribution import Distribution
from adapters.slack.workspaces.oauth import OAuthApp
from adapters.talkifai.client import TalkifaiAgent
from adapters.telegram.channel import TelegramChannel
from adapters.telegram.factory import open_bots
from adapters.telegram.inbound.update_handler import ChatStores
from adapters.telegram.inbound.webhook import Hook
from adapters.web_server import WebServer
from bridge.domain.errors import Retryable, SettingWrong, StoreUnavailable
from bridge.ports.channel import Channel, Receiver
from bridge.ports.http import WebRoutes
from bridge.rate_limits.agent_limiter import RateLimitedAgent
from bridge.runtime.cancellation import unwrap_group
from bridge.runtime.clock import SystemClock
from bridge.worker.dispatcher import DispatchLimits
from bridge.worker.worker import Dependencies, Worker
from config.settings import Settings, reveal

log = logging.getLogger(__name__)


async def run_worker(settings: Settings, *, serves_web: bool = False) -> None:
    """Serve the channels that are set until SIGTERM or Ctrl-C. Raises `BridgeError` when it cannot start.

    `serves_web`: with a web server, which webhooks need.
    """
    if not serves_web:
        _refuse_what_needs_web(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stores = await open_stores(settings, stack)
        talkifai = await stack.enter_async_context(talkifai_agent(settings))
        agent = RateLimitedAgent(talkifai, stores.quota, SystemClock())
        server = await stack.enter_async_context(WebServer(port=settings.bridge.port)) if serves_web else None
        opened = await _open_channels(settings, stores, stack, server)
        worker = Worker(
            Dependencies(
                agent=agent,
                stores=stores,
                channels=opened.channels,
                receivers=opened.receivers,
                clock=SystemClock(),
                every=every,
            ),
            idle_timeout_s=settings.bridge.idle_timeout_s,
            limits=DispatchLimits(max_turns=settings.bridge.max_turns),
            show_tools=settings.bridge.show_tools,
            max_pages=settings.bridge.max_pages,
        )
        with unwrap_group():
            await worker.run(stop)
        log.info("stopped")


def _refuse_what_needs_web(settings: Settings) -> None:
    """Raise `SettingWrong` where a service is to call us and there is no web server."""
    for name, is_set, otherwise in (
        ("TELEGRAM_WEBHOOK_URL", settings.telegram.webhook_url is not None, "unset it to poll"),
        ("SLACK_SIGNING_SECRET", settings.slack.signing_secret is not None, "set SLACK_APP_TOKEN in its place"),
        ("SLACK_CLIENT_ID", settings.slack.client_id is not None, "set SLACK_BOT_TOKEN in its place"),
    ):
        if is_set:
            remedy = f"Start it with `talkifai-bridge web`, or {otherwise}"
            raise SettingWrong(name, "needs the web server, which `run` has not", remedy)


async def check(settings: Settings) -> None:
    """Try Redis as `run_worker` would. Raises `BridgeError` when the bridge could not start."""
    async with AsyncExitStack() as stack:
        await open_stores(settings, stack)


def talkifai_agent(settings: Settings) -> TalkifaiAgent:
    """Make the TalkifAI client that the settings describe."""
    key, studio = settings.talkifai.api_key, settings.talkifai.studio_token
    return TalkifaiAgent(
        base_url=settings.talkifai.base_url,
        agent_id=str(settings.talkifai.agent_id),
        api_key=key.get_secret_value() if key else "",
        studio_token=studio.get_secret_value() if studio and not key else "",
    )


async def open_stores(settings: Settings, stack: AsyncExitStack) -> RedisStores:
    """Connect to Redis, starting the embedded server where no address is set, and look at its set-up."""
    if settings.redis.url is not None:
        url = settings.redis.url.get_secret_value()
    else:
        server = await asyncio.to_thread(start_embedded, settings.bridge.data_dir)
        stack.push_async_callback(asyncio.to_thread, server.stop)
        url = server.url
        log.info("embedded Redis started", extra={"data_dir": str(settings.bridge.data_dir)})
    redis = connect(url, tls_verify=settings.redis.verifies_tls(on_heroku="DYNO" in os.environ))
    stores = RedisStores(
        redis, prefix=settings.bridge.key_prefix, requests_per_minute=settings.talkifai.requests_per_minute
    )
    stack.push_async_callback(stores.aclose)
    try:
        warnings = await check_server(redis)
    except StoreUnavailable as error:
        remedy = "Start the server that it names, mend the address, or unset it for the embedded server"
        raise SettingWrong("REDIS_URL", str(error), remedy) from error
    for warning in warnings:
        log.warning("%s", warning)
    return stores


@dataclass(slots=True)
class _Opened:
    """The channels of this worker, and who receives for them."""

    channels: list[Channel] = field(default_factory=list)
    receivers: list[Receiver] = field(default_factory=list)


def slack_installs(settings: Settings, stores: RedisStores) -> Distribution | None:
    """Return how workspaces install the app; None where the bot token is a setting."""
    if settings.slack.client_id is None:
        return None
    scopes = BOT_SCOPES + (AGENT_VIEW_SCOPES if settings.slack.agent_view else ())
    app = OAuthApp(settings.slack.client_id, reveal(settings.slack.client_secret), scopes)
    return Distribution(
        app, tuple(map(reveal, settings.slack.encryption_key)), stores.records, stores.leader, stores.accounts
    )


async def _open_channels(
    settings: Settings, stores: RedisStores, stack: AsyncExitStack, routes: WebRoutes | None
) -> _Opened:
    opened = _Opened()
    if settings.slack.enabled:
        slack = SlackChannel(
            bot_token=reveal(settings.slack.bot_token),
            installs=slack_installs(settings, stores),
            app_token=reveal(settings.slack.app_token),
            web=Web(routes, reveal(settings.slack.signing_secret)) if routes else None,
            places=stores.accounts,
            api_url=settings.slack.api_url,
            options=settings.slack,
            allow_mentions=settings.bridge.allow_mentions.slack,
            sessions=stores.sessions,
        )
        stack.push_async_callback(slack.aclose)
        try:
            await slack.open()
        except Retryable as error:
            # The other channel and the closing of sessions go on; receiving opens it as soon as it answers.
            log.warning("Slack cannot be reached yet", extra={"cause": str(error)})
        opened.channels.append(slack)
        opened.receivers.append(slack)
    if settings.telegram.enabled:
        bots = telegram_bots(settings, stores, routes)
        for bot in bots:
            stack.push_async_callback(bot.aclose)
        await open_bots(bots)
        opened.channels.extend(bots)
        opened.receivers.extend(bots)
    return opened


def telegram_bots(settings: Settings, stores: RedisStores, routes: WebRoutes | None) -> list[TelegramChannel]:
    """Make the Telegram bots that the settings name."""
    webhook_url = settings.telegram.webhook_url
    return [
        TelegramChannel(
            token=bot.token.get_secret_value(),
            token_name=bot.token_name,
            agent_id=bot.agent_id,
            hook=Hook(webhook_url, routes) if webhook_url and routes else None,
            api_url=settings.telegram.api_url,
            rooms=ChatStores(stores.reply_roots, stores.places),
            options=settings.telegram,
            allow_mentions=settings.bridge.allow_mentions.telegram,
        )
        for bot in settings.telegram.bots
    ]
