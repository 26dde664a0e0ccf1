"""What an operator may change while the bridge runs: routes, who may ask, what may be used, and texts."""

from collections.abc import Sequence

from bridge.access.routes import RouteTable
from bridge.app.access import allowances_of, policy_of
from bridge.app.routes import routes_of
from bridge.app.texts import use_texts
from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.ports.channel import Channel
from bridge.ports.channel_capabilities import PromptSuggestions, StandingTexts
from config.settings import Settings


class InForce:
    """Holds it as the settings had it last, and hands it to the worker. Raises `SettingsError` for wrong texts."""

    def __init__(self, settings: Settings) -> None:
        use_texts(settings)
        self.routes = RouteTable(routes_of(settings))
        self.access = policy_of(settings, self.routes)
        self._limits = allowances_of(settings)
        self._keeper: AllowanceKeeper | None = None
        self._channels: Sequence[Channel] = ()

    def limit(self, keeper: AllowanceKeeper) -> None:
        """Let this keeper have the limits that hold, now and later."""
        self._keeper = keeper
        keeper.limits = self._limits

    def show_in(self, channels: Sequence[Channel]) -> None:
        """Let the channels show what the routes suggest to ask, and texts outside of messages, now and later."""
        self._channels = channels
        for channel in channels:
            if isinstance(channel, PromptSuggestions):
                channel.suggest(self.routes.prompts_at)

    def apply(self, settings: Settings) -> None:
        """Let other settings hold. Raises `SettingsError`: then nothing has changed."""
        use_texts(settings)
        self.routes.replace(routes_of(settings))
        self.access.replace(policy_of(settings, self.routes))
        self._limits = allowances_of(settings)
        if self._keeper is not None:
            self._keeper.limits = self._limits
        for channel in self._channels:
            if isinstance(channel, StandingTexts):
                channel.texts_changed()
