"""Every setting of the bridge, in sections. `config.reading.loading` reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any
from uuid import UUID

from config.bridge import BridgeSettings
from config.redis_settings import RedisSettings
from config.routes import RouteSettings
from config.slack import SlackSettings
from config.talkifai import TalkifaiSettings
from config.telegram import TelegramSettings
from config.values.errors import SettingsError
from config.values.own_text import OwnText
from config.values.secret import Secret
from config.values.section import Checked, Section

__all__ = ["SECTIONS", "Settings", "SettingsError", "reveal", "variable_names"]


@dataclass(frozen=True, kw_only=True)
class Settings(Checked):
    """The settings, checked and frozen, one section for each area."""

    talkifai: TalkifaiSettings
    slack: SlackSettings
    telegram: TelegramSettings
    redis: RedisSettings
    bridge: BridgeSettings
    agents: Mapping[str, UUID] = field(default_factory=dict)
    """The agents that the configuration file gives a name."""
    routes: tuple[RouteSettings, ...] = ()
    """Where another agent answers, or the same one in another way. Agents are ids here."""
    texts: tuple[OwnText, ...] = ()
    """What the operator says instead of the bridge's own words."""
    warnings: tuple[str, ...] = ()
    """Sentences about variables that look like a slip of the pen, for the log."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each variable that is set was found: `environment`, or a file and its line."""

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Return every secret as plain text, only for the log's redaction."""
        derived = (bot.webhook_secret.get_secret_value() for bot in self.telegram.bots)
        return (*_secrets(self), *self.redis.password, *derived)

    def quiet(self) -> "Settings":
        """Return them with a log of errors alone, unless another level was set: for commands whose output counts."""
        if "BRIDGE_LOG_LEVEL" in self.places:
            return self
        return replace(self, bridge=replace(self.bridge, log_level="error"))


SECTIONS: Mapping[str, type[Section]] = {
    found.name: found.type
    for found in fields(Settings)
    if isinstance(found.type, type) and issubclass(found.type, Section)
}
"""By the name of their field."""


def reveal(secret: Secret | None) -> str:
    """Return a secret as plain text; empty if it is not set."""
    return secret.get_secret_value() if secret else ""


def variable_names() -> tuple[str, ...]:
    """Return the variables that the bridge reads, section by section."""
    return tuple(name for section in SECTIONS.values() for name in section.variables().values())


def _secrets(value: Any) -> Iterator[str]:
    """Find the secrets in a value of the settings."""
    match value:
        case Secret():
            yield value.get_secret_value()
        case tuple():
            for one in value:
                yield from _secrets(one)
        case _ if is_dataclass(value):
            for found in fields(value):
                yield from _secrets(getattr(value, found.name))
