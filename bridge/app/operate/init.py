"""`talkifai-bridge init`: asks for the settings one by one, tries each at once, and writes `.env`."""

import asyncio
import getpass
import os
import secrets
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.registry import CHANNELS, Checked, SetUp
from bridge.app.bootstrap import talkifai_agent
from bridge.app.check.check import show
from bridge.app.check.talkifai import agents_of, check_talkifai
from bridge.domain.errors import BridgeError
from bridge.runtime.findings import Finding, Verdict, failed
from config.settings import Settings, SettingsError, load_settings

_TALKIFAI = (
    ("TALKIFAI_API_KEY", "TalkifAI: copy an API key (tk_live_...) from TalkifAI Studio"),
    ("TALKIFAI_AGENT_ID", "TalkifAI: copy the id of a text agent"),
)

_KEY_BYTES = 32
"""Of the key that encrypts what Redis keeps: it is made, since there is nothing to look up."""


def run(env_file: Path = Path(".env")) -> int:
    """Ask, and write the file. Returns 1 where it is there already or nothing was answered."""
    if env_file.exists():
        print(f"{env_file} is there already: change it, or move it away first.", file=sys.stderr)
        return 1
    given: dict[str, str] = {}
    if not _ask_for(_TALKIFAI, given, "TalkifAI"):
        return 1
    for factory in CHANNELS:
        if isinstance(factory, SetUp):
            _ask_for(factory.set_up(), given, factory.NAME, optional=True)
    given["BRIDGE_SECRET_KEY"] = urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    _write(env_file, given)
    print(f"\n{env_file} is written, readable by you alone. Next: talkifai-bridge check, then talkifai-bridge run.")
    return 0


def _ask_for(asked: Sequence[tuple[str, str]], given: dict[str, str], name: str, *, optional: bool = False) -> bool:
    """Ask until the answers work. Where it is optional an empty answer leaves the channel out."""
    while True:
        answers: dict[str, str] = {}
        for variable, hint in asked:
            print(f"\n{hint}" + (" (empty: leave it out)." if optional and not answers else "."))
            answer = _answer(f"{variable}: ")
            if not answer:
                return False
            answers[variable] = answer
        findings = asyncio.run(_try({**given, **answers}, name))
        show(findings)
        if not any(finding.verdict is Verdict.FAIL for finding in findings):
            given |= answers
            return True


def _answer(prompt: str) -> str:
    """Read a line; at a terminal it does not show. Empty at the end of the input."""
    try:
        return (getpass.getpass(prompt) if sys.stdin.isatty() else input(prompt)).strip()
    except EOFError:
        return ""


async def _try(given: Mapping[str, str], name: str) -> Sequence[Finding]:
    """Try what belongs to one service. No session is opened."""
    try:
        settings = load_settings(env_file=None, need_channel=False, overrides=given)
    except SettingsError as error:
        return [failed(name, line) for line in error.lines]
    for factory in CHANNELS:
        if name == factory.NAME and isinstance(factory, Checked):
            return await factory.check(settings, _not_known)
    return await _try_talkifai(settings)


async def _not_known(_: str) -> bool:
    """Stand in for Redis, which is not set up yet: a worker may be at work with these tokens."""
    return True


async def _try_talkifai(settings: Settings) -> Sequence[Finding]:
    try:
        async with talkifai_agent(settings) as agent:
            return await check_talkifai(agent, agents_of(settings, ()), opens_sessions=False)
    except BridgeError as error:
        return [failed("TalkifAI", str(error))]


def _write(path: Path, given: Mapping[str, str]) -> None:
    """Write a file that no other user could read at any moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in given.items())
