"""The agents that the stand-in knows, and the settings that reach them."""

from dataclasses import dataclass

SANDBOX_API_KEY = "tk_live_sandbox"
SANDBOX_STUDIO_TOKEN = "studio_sandbox"  # noqa: S105 - opens nothing but this stand-in

TEXT_AGENT_ID = "3f2b8a54-6c1d-4e0f-9a77-51d0c2b7e901"
"""A text agent that greets."""
QUIET_AGENT_ID = "8d1e4c20-0b5a-4f63-8c2e-7a9f3e6d1b02"
"""A text agent that waits for the person: its greeting is null."""
VOICE_AGENT_ID = "c47a9e13-2f8b-4d56-b1a0-94e6f0d8c303"
"""A voice agent: the chat API refuses it."""


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """An agent as an organisation set it up."""

    name: str
    greeting: str | None = None
    is_text: bool = True
    model: str = "gpt-4o-mini"


def default_agents() -> dict[str, AgentProfile]:
    """Return the three agents above, by id."""
    return {
        TEXT_AGENT_ID: AgentProfile("Support Agent", "Hello! How can I help you today?"),
        QUIET_AGENT_ID: AgentProfile("Quiet Agent"),
        VOICE_AGENT_ID: AgentProfile("Phone Agent", is_text=False),
    }
