"""Which things to ask are suggested to a person: those of the operator's routes, else those of the settings."""

from collections.abc import Sequence

from adapters.slack import CHANNEL
from bridge.domain.threads import ThreadKey
from bridge.ports.channel_capabilities import PromptsAt


class Suggestions:
    """Knows them for each place and person. `prompts_at` is set once the routes are known."""

    def __init__(self, of_settings: Sequence[str]) -> None:
        self._of_settings = of_settings
        self.prompts_at: PromptsAt | None = None

    def of(self, account: str, place: str, person: str) -> Sequence[str]:
        """Return up to four. `place`: a DM; empty for the App Home tab, which is in none."""
        at = None if self.prompts_at is None else self.prompts_at(ThreadKey(CHANNEL, account, place), person)
        return self._of_settings if at is None else at
