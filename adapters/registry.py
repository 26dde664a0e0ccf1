"""The channels that the bridge can serve.

A new channel is its folder with a `factory.py`, a line of `CHANNELS`, its section of the settings and its docs.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from adapters.slack import factory as slack
from adapters.telegram import factory as telegram
from bridge.ports.channel import IsReceived, WholeChannel
from bridge.ports.http import WebRoutes
from bridge.ports.stores.stores import Stores
from bridge.runtime.findings import Finding
from config.settings import Settings


class ChannelFactory(Protocol):
    """What a channel's `factory.py` has. It reads the settings, so that the rest of the folder need not."""

    NAME: str
    """The first field of the `ThreadKey`s of its channels; its paths of the web server begin with it."""

    def is_enabled(self, settings: Settings) -> bool:
        """Say whether the settings ask for this channel."""
        ...

    def needs_web(self, settings: Settings) -> Mapping[str, str]:
        """Return the settings that need the web server, each with what to do without one."""
        ...

    def open_channels(
        self, settings: Settings, stores: Stores, routes: WebRoutes | None
    ) -> AbstractAsyncContextManager[Sequence[WholeChannel]]:
        """Open the channels, one for each account or one for all, and close them at the end of the block.

        A service that cannot be reached, or refuses a token, is no error here: receiving connects as soon as it
        answers, and raises `ChannelTokenRefused` where it refuses.
        """
        ...


@runtime_checkable
class Checked(Protocol):
    """What a `factory.py` may have beside it: it can try its settings without receiving anything."""

    async def check(self, settings: Settings, is_received: IsReceived) -> Sequence[Finding]:
        """Try the tokens and what the service is set to. A refusal is a finding, no error.

        What would disturb a worker that receives under a name is left out while `is_received` says that one does.
        """
        ...

    def agents(self, settings: Settings) -> Mapping[str, str]:
        """Return the agents that settings of the channel name, each with that setting."""
        ...


@runtime_checkable
class SetUp(Protocol):
    """What a `factory.py` may have beside it: how an operator comes to its tokens, step by step."""

    def set_up(self) -> Sequence[tuple[str, str]]:
        """Return the variables to ask for, each with what to do before it can be answered."""
        ...

    async def try_answers(self, settings: Settings, answers: Mapping[str, str]) -> Sequence[Finding]:
        """Try the answers that there are so far, by variable. `settings` has none of them."""
        ...


CHANNELS: tuple[ChannelFactory, ...] = (slack, telegram)
