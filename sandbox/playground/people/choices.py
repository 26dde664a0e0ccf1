"""What a visitor chooses: who answers, and how replies are shown."""

from sandbox.bridge_process import NotReady
from sandbox.playground.people.wishes import Wish, WishRefused
from sandbox.playground.playground import Playground

_CHOICES = ("agent", "slack", "telegram", "agent_view")


class Choices:
    """Changes the playground's modes."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    async def choose(self, wish: Wish) -> None:
        """Change one mode; the workers are restarted where they have to know. Raises `WishRefused`."""
        name = wish.name("what")
        if name not in _CHOICES:
            raise WishRefused("there is no such choice")
        try:
            await self._playground.change(**{name: wish.anything("value")})
        except (ValueError, TypeError, NotReady) as error:
            raise WishRefused(f"that did not work: {error}"[:300]) from None

    async def remove_worker(self, _wish: Wish) -> None:
        """Stop the second worker. Raises `WishRefused` where there is one only."""
        if len(self._playground.workers.slots) < 2:  # noqa: PLR2004 - one has to stay
            raise WishRefused("one worker has to stay")
        await self._playground.workers.remove()
