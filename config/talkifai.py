"""The section of the TalkifAI account and of the agent that answers."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from config.values.kinds import HttpUrl, Token
from config.values.section import Section, variables


class TalkifaiSettings(Section):
    """`TALKIFAI_…`."""

    prefix: ClassVar[str] = "TALKIFAI_"
    model_config = ConfigDict(alias_generator=variables(prefix))

    api_key: Token | None = None
    studio_token: Token | None = None
    """Replaces the key: TalkifAI's own Studio uses it."""
    agent_id: UUID
    base_url: HttpUrl = "https://api.talkifai.dev"
    webhook_secret: Token | None = None
    """Signs TalkifAI's webhooks about credits, which the web server takes where this is set."""
    requests_per_minute: int | None = Field(None, ge=5, le=100_000, examples=[60])
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
