"""The Telegram bots that the settings name, each with the agent that answers as it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr

TOKENS = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKENS")
"""The setting of one bot and that of several."""
_BOTH_ARE_SET = (
    "TELEGRAM_BOT_TOKENS: is set beside TELEGRAM_BOT_TOKEN."
    " Put all tokens into TELEGRAM_BOT_TOKENS and unset the other."
)


@dataclass(frozen=True, slots=True)
class TelegramBot:
    """One of the bots."""

    token: SecretStr
    token_name: str
    """Where the token stands, for the operator."""
    agent_id: str
    """Empty for `TALKIFAI_AGENT_ID`."""


def telegram_bots(
    one: SecretStr | None, several: Sequence[SecretStr], agent_ids: Sequence[UUID | None]
) -> tuple[TelegramBot, ...]:
    """Return the bots in the order of their tokens. `agent_ids` is empty or has one entry for each."""
    agents = agent_ids or (None,) * max(1, len(several))
    if not several:
        return (TelegramBot(one, TOKENS[0], str(agents[0] or "")),) if one else ()
    return tuple(
        TelegramBot(token, f"{TOKENS[1]}, number {number}", str(agent or ""))
        for number, (token, agent) in enumerate(zip(several, agents, strict=True), start=1)
    )


def contradictions(given: Mapping[str, str]) -> list[str]:
    """Return one line for each pair of settings, by their variables, that do not go together."""
    named = [name for name in TOKENS if name in given]
    if len(named) > 1:
        return [_BOTH_ARE_SET]
    if not named or "TELEGRAM_AGENT_IDS" not in given:
        return []
    agents, tokens = (len(given[name].split(",")) for name in ("TELEGRAM_AGENT_IDS", *named))
    if agents == tokens:
        return []
    remedy = "Give each bot one, in the same order; an empty place between commas stands for TALKIFAI_AGENT_ID."
    return [f"TELEGRAM_AGENT_IDS: has {agents} places, and {named[0]} has {tokens}. {remedy}"]
