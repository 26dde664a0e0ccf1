"""`talkifai-bridge init`: asks for the settings one by one, tries each at once, and writes `.env`."""

import asyncio
import getpass
import os
import secrets
import sys
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from adapters.registry import CHANNELS, SetUp
from bridge.app.bootstrap import talkifai_agent
from bridge.app.check.check import show
from bridge.app.check.talkifai import agents_of, check_talkifai
from bridge.domain.errors import BridgeError
from bridge.runtime.findings import Finding, Verdict, failed
from config.reading.loading import load_settings
from config.settings import Settings, SettingsError

_TALKIFAI = (
    ("TALKIFAI_API_KEY", "TalkifAI: copy an API key (tk_live_...) from TalkifAI Studio"),
    ("TALKIFAI_AGENT_ID", "TalkifAI: copy the id of a text agent from TalkifAI Studio"),
)

Try = Callable[[Mapping[str, str]], Awaitable[Sequence[Finding]]]
"""Tries the answers that are there. Raises `SettingsError` and `BridgeError`."""

_KEY_BYTES = 32
"""Of the key that encrypts what Redis keeps: it is made, since there is nothing to look up."""


def run(env_file: Path = Path(".env")) -> int:
    """Ask, and write the file. Returns 1 where it is there already or TalkifAI was left out."""
    if env_file.exists():
        print(f"{env_file} is there already: change it, or move it away first.", file=sys.stderr)
        return 1
    given = _ask_for(_TALKIFAI, _try_talkifai)
    if not given:
        print("\nNothing is written.", file=sys.stderr)
        return 1
    for factory in CHANNELS:
        if isinstance(factory, SetUp):
            given |= _ask_for(factory.set_up(), _trying(factory, dict(given)), optional=True)
    given["BRIDGE_SECRET_KEY"] = urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    _write(env_file, given)
    print(f"\n{env_file} is written, readable by you alone. Next: talkifai-bridge check, then talkifai-bridge run.")
    return 0


def _ask_for(asked: Sequence[tuple[str, str]], try_: Try, *, optional: bool = False) -> dict[str, str]:
    """Ask for one answer after another, each until it works. Empty where an answer is empty: it is left out."""
    answers: dict[str, str] = {}
    told: list[Finding] = []
    for variable, hint in asked:
        print(f"\n{hint}" + (" (empty: leave it out)." if optional and not answers else "."))
        while True:
            answer = _answer(f"{variable}: ")
            if not answer:
                return {}
            findings = asyncio.run(_found(try_, {**answers, variable: answer}))
            show([finding for finding in findings if finding not in told])
            if not any(finding.verdict is Verdict.FAIL for finding in findings):
                break
            print("Try again (empty: leave it out)." if optional else "Try again (empty: give up).")
        told += findings
        answers[variable] = answer
    return answers


async def _found(try_: Try, answers: Mapping[str, str]) -> Sequence[Finding]:
    try:
        return await try_(answers)
    except SettingsError as error:
        return [failed("settings", line) for line in error.lines]
    except BridgeError as error:
        return [failed("settings", str(error))]


def _answer(prompt: str) -> str:
    """Read a line; at a terminal it does not show. Empty at the end of the input."""
    try:
        if sys.stdin.isatty():
            return getpass.getpass(prompt).strip()
        answer = input(prompt).strip()
    except EOFError:
        answer = ""
    print()  # what is piped in shows no line of its own
    return answer


async def _try_talkifai(answers: Mapping[str, str]) -> Sequence[Finding]:
    """Try the key, and the agent if it was answered. No session is opened."""
    settings = _settings({"TALKIFAI_AGENT_ID": str(UUID(int=0)), **answers})
    agents = agents_of(settings, ()) if "TALKIFAI_AGENT_ID" in answers else {}
    async with talkifai_agent(settings) as agent:
        return await check_talkifai(agent, agents, opens_sessions=False)


def _trying(factory: SetUp, given: Mapping[str, str]) -> Try:
    async def try_(answers: Mapping[str, str]) -> Sequence[Finding]:
        if len(answers) == len(factory.set_up()):
            _settings({**given, **answers})  # what contradicts itself is said first
        return await factory.try_answers(_settings(given), answers)

    return try_


def _settings(given: Mapping[str, str]) -> Settings:
    """Read what was answered, and addresses from the environment. Raises `SettingsError`."""
    return load_settings(env_file=None, need_channel=False, overrides=given)


def _write(path: Path, given: Mapping[str, str]) -> None:
    """Write a file that no other user could read at any moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in given.items())
