"""A person has a thread, and the agent is silent there. Times are seconds since the epoch, UTC."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bridge.domain.incoming import TAKE_OVER, Command, CommandName, Origin, Question
from bridge.domain.threads import Address, Person, ThreadKey

_HAND_BACK = "bridge:hand-back:"


class MayTakeOver(StrEnum):
    """Who may take a thread over, and give it back."""

    CONTROL = "control"
    """Those who may stop an answer there."""
    ANYONE = "anyone"
    OFF = "off"
    """The words for it are questions like all others, and the buttons do nothing."""

    def allowed(self, command: Command) -> Command | Question | None:
        """Return what a command for it counts as; None for nothing."""
        if self is MayTakeOver.OFF and not is_hand_back(command):
            return Question(command.origin, command.name.value) if not command.about else None
        return replace(command, owner_only=False) if self is MayTakeOver.ANYONE else command


@dataclass(frozen=True, slots=True)
class TakeOverOptions:
    """How people take threads over."""

    may: MayTakeOver = MayTakeOver.CONTROL
    tools: frozenset[str] = frozenset()
    """Names, in lower case, of tools and agents by which the agent asks for a person."""
    button: bool = False
    """Whether replies have a button for it."""

    @property
    def switched_off(self) -> frozenset[CommandName]:
        """The commands that there are not."""
        return TAKE_OVER if self.may is MayTakeOver.OFF else frozenset()


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A thread that a person has."""

    thread: ThreadKey
    address: Address
    person: Person
    """Who took it; where the agent asked for a person, who had asked the agent."""
    since: float
    by_agent: bool = False
    """The agent asked for it."""

    def hand_back(self) -> Command:
        """Return the command that gives the thread back to the agent because its time is over; the same each time."""
        name = f"{_HAND_BACK}{self.thread}:{self.since:.3f}"
        origin = Origin(
            id=name,
            dedupe_keys=(name,),
            thread=self.thread,
            address=self.address,
            person=self.person,
            asked_at=self.since,
        )
        return Command(origin, CommandName.AGENT)


def is_hand_back(command: Command) -> bool:
    """Say whether the bridge itself gives the thread back."""
    return command.id.startswith(_HAND_BACK)
