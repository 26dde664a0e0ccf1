"""The section of the TalkifAI account and of the agent that answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

from annotated_types import Interval

from config.values.checks import Example
from config.values.kinds import HttpUrl, Token
from config.values.section import Section


@dataclass(frozen=True, kw_only=True)
class TalkifaiSettings(Section):
    """`TALKIFAI_…`."""

    prefix: ClassVar[str] = "TALKIFAI_"

    api_key: Token | None = None
    studio_token: Token | None = None
    """Replaces the key: TalkifAI's own Studio uses it."""
    agent_id: UUID
    base_url: HttpUrl = "https://api.talkifai.dev"
    webhook_secret: Token | None = None
    """Signs TalkifAI's webhooks about credits, which the web server takes where this is set."""
    requests_per_minute: Annotated[int | None, Interval(ge=5, le=100_000), Example(60)] = None
    """The most that all workers together ask of TalkifAI; None follows what TalkifAI says of its limit."""

    @classmethod
    def contradictions(cls, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Ask for the account and the agent."""
        missing = []
        if "TALKIFAI_API_KEY" not in given and "TALKIFAI_STUDIO_TOKEN" not in given:
            missing.append(("TALKIFAI_API_KEY", "is not set. Set it to a key of the TalkifAI account (tk_live_...)."))
        if "TALKIFAI_AGENT_ID" not in given:
            missing.append(
                ("TALKIFAI_AGENT_ID", "is not set. Set it to the id of the TalkifAI text agent that answers.")
            )
        return missing
