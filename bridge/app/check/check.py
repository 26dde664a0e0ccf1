"""Tries everything that the settings name, and prints what came of it."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from adapters.redis_store.client.commands import Commands
from adapters.redis_store.client.inspection import inspect
from adapters.redis_store.leader import RedisLeader
from adapters.redis_store.schema.keys import Keys
from adapters.registry import CHANNELS, ChannelFactory, Checked
from bridge.app.bootstrap import key_prefix, redis_client, talkifai_agent
from bridge.app.check.machine import check_files
from bridge.app.check.talkifai import agents_of, check_talkifai
from bridge.domain.errors import BridgeError
from bridge.ports.channel import IsReceived
from bridge.runtime.findings import Finding, Verdict, failed, warned
from config.settings import Settings, SettingsError

_SETTINGS = "settings"
_VERDICT = 8
"""Cells."""
_STYLES = {Verdict.PASS: "green", Verdict.WARNING: "yellow", Verdict.FAIL: "bold red"}


async def find(
    settings: Settings, *, opens_sessions: bool, factories: Sequence[ChannelFactory] = CHANNELS
) -> list[Finding]:
    """Try everything; return what came of it in the order of the output."""
    checked = [factory for factory in factories if isinstance(factory, Checked) and factory.is_enabled(settings)]
    async with AsyncExitStack() as stack:
        of_redis, is_received = await _redis(settings, stack)
        parts = await asyncio.gather(
            _talkifai(settings, factories, opens_sessions=opens_sessions),
            *(_channel(factory, settings, is_received) for factory in checked),
        )
    slips = [warned(_SETTINGS, sentence, "") for sentence in settings.warnings]
    return [*slips, *(finding for part in parts for finding in part), *of_redis, *check_files(settings)]


def of_settings(error: SettingsError) -> list[Finding]:
    """Return what is wrong with settings that cannot be read."""
    return [failed(_SETTINGS, line) for line in error.lines]


async def _talkifai(settings: Settings, factories: Sequence[ChannelFactory], *, opens_sessions: bool) -> list[Finding]:
    try:
        async with talkifai_agent(settings) as agent:
            return await check_talkifai(agent, agents_of(settings, factories), opens_sessions=opens_sessions)
    except BridgeError as error:
        return [failed("TalkifAI", str(error))]


async def _channel(factory: Checked, settings: Settings, is_received: IsReceived) -> Sequence[Finding]:
    try:
        return await factory.check(settings, is_received)
    except BridgeError as error:
        return [failed("channel", str(error))]


async def _redis(settings: Settings, stack: AsyncExitStack) -> tuple[list[Finding], IsReceived]:
    """Look at Redis, and at which worker receives what."""
    leader: RedisLeader | None = None
    try:
        redis = await redis_client(settings, stack)
        findings = await inspect(redis)
        if not exit_code(findings):
            leader = RedisLeader(Commands(redis), Keys(await key_prefix(settings, redis)))
    except BridgeError as error:
        findings = [failed("Redis", str(error))]

    async def is_received(name: str) -> bool:
        try:
            return leader is None or await leader.is_led(name)
        except BridgeError:
            return True

    return findings, is_received


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 1 where anything failed. Warnings stop no deploy."""
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def show(findings: Sequence[Finding]) -> None:
    """Print a line for each. A terminal wraps them behind the verdict."""
    console = Console(soft_wrap=not sys.stdout.isatty(), highlight=False)
    for finding in findings:
        verdict = Text(f"{finding.verdict:<{_VERDICT}}", style=_STYLES[finding.verdict])
        said = Text(_sentences(finding))
        if console.soft_wrap:
            console.print(verdict + said)
        else:
            line = Table.grid(Column(width=_VERDICT), Column(overflow="fold"))
            line.add_row(verdict, said)
            console.print(line)


def _sentences(finding: Finding) -> str:
    """Return all that is said of it, with a full stop where it is more than one sentence."""
    said = f"{finding.subject}: {finding.said}" + (f". {finding.remedy}" if finding.remedy else "")
    return f"{said}." if ". " in said and not said.endswith(".") else said


def show_json(findings: Sequence[Finding]) -> None:
    """Print one JSON object."""
    print(json.dumps({"ok": not exit_code(findings), "findings": [asdict(one) for one in findings]}, indent=2))
