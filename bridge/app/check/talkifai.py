"""Tries the TalkifAI key and each agent that the settings name."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from adapters.registry import ChannelFactory, Checked
from adapters.talkifai.client import TalkifaiAgent
from bridge.domain.errors import AgentKeyRefused, AgentNotText, BridgeError, Misconfigured
from bridge.runtime.findings import Finding, failed, passed, warned
from config.settings import Settings

log = logging.getLogger(__name__)

_SUBJECT = "TalkifAI"
_SKEW_S = 30.0
"""What a `Retry-After` that names a date, and the times in the ledger, are wrong by at most."""
_METADATA = {"channel": "check"}


def agents_of(settings: Settings, factories: Sequence[ChannelFactory]) -> Mapping[str, str]:
    """Return every agent that the settings name, each with the first setting that does."""
    found = {str(settings.talkifai.agent_id): "TALKIFAI_AGENT_ID"}
    for factory in factories:
        if isinstance(factory, Checked) and factory.is_enabled(settings):
            found = {**factory.agents(settings), **found}
    routed = {route.agent: "a route" for route in settings.routes if route.agent}
    named = {str(agent_id): f"agents.{name}" for name, agent_id in settings.agents.items()}
    return {**routed, **named, **found}


async def check_talkifai(agent: TalkifaiAgent, agents: Mapping[str, str], *, opens_sessions: bool) -> list[Finding]:
    """Try the key, then each agent: by a session that is ended at once, or by what TalkifAI says of it."""
    try:
        await agent.check_key()
    except BridgeError as error:
        return [failed(_SUBJECT, str(error))]
    findings = [passed(_SUBJECT, "the key is accepted")]
    one = _try_agent if opens_sessions else _look_at_agent
    findings += [finding for agent_id, setting in agents.items() for finding in await one(agent, agent_id, setting)]
    ahead_s = agent.clock_ahead_s
    if ahead_s is not None and abs(ahead_s) > _SKEW_S:
        way = "ahead of" if ahead_s > 0 else "behind"
        said = f"this machine's clock is {abs(ahead_s):.0f} s {way} TalkifAI's"
        findings.append(warned("clock", said, "Let the machine set its clock by NTP"))
    return findings


async def _try_agent(agent: TalkifaiAgent, agent_id: str, setting: str) -> list[Finding]:
    try:
        opened = await agent.open("", _METADATA, agent_id)
    except BridgeError as error:
        return [failed(_SUBJECT, str(error), "" if setting == "TALKIFAI_AGENT_ID" else f"{setting}: name a text agent")]
    try:
        await agent.end(opened.conversation)
    except BridgeError as error:
        said = f'the session with "{opened.agent_name}" could not be ended: TalkifAI ends it after 30 minutes ({error})'
        return [warned(_SUBJECT, said, "Run check again later")]
    said = f'"{opened.agent_name}" answers ({setting}); one session was opened and ended at once'
    return [passed(_SUBJECT, said)]


async def _look_at_agent(agent: TalkifaiAgent, agent_id: str, setting: str) -> list[Finding]:
    facts = await agent.look_up(agent_id)
    if facts is None:
        return [passed(_SUBJECT, f"agent {agent_id} ({setting}) was not tried, as no session was opened")]
    if facts.is_voice:
        return [failed(_SUBJECT, f'"{facts.name}" is a voice agent', f"{setting}: name a text agent")]
    return [passed(_SUBJECT, f'"{facts.name}" is a text agent ({setting}); no session was opened')]


async def look_at_start(agent: TalkifaiAgent, agents: Mapping[str, str]) -> str:
    """Look at the key and the agents without opening a session, and return the name of the first agent, if known.

    Raises `AgentKeyRefused` and `AgentNotText`, which no restart mends. Whatever else comes is logged: a start that
    TalkifAI's bad moment could prevent would be worse than a question that meets it.
    """
    key, *facts = await asyncio.gather(
        agent.check_key(), *(agent.look_up(agent_id) for agent_id in agents), return_exceptions=True
    )
    if isinstance(key, AgentKeyRefused):
        raise key
    if isinstance(key, Misconfigured):
        log.error("an operator has to act: %s", key, extra={"kind": type(key).__name__})
    elif isinstance(key, BridgeError):
        log.warning("TalkifAI could not be tried yet", extra={"cause": str(key)})
    elif isinstance(key, BaseException):
        raise key
    name = ""
    for (agent_id, setting), found in zip(agents.items(), facts, strict=True):
        if isinstance(found, BaseException):
            raise found
        if found is not None and found.is_voice:
            raise AgentNotText(f'{setting}: "{found.name}" ({agent_id}) is a voice agent. Name a text agent')
        if found is not None and setting == "TALKIFAI_AGENT_ID":
            name = found.name
    return name
