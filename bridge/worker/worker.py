"""One worker: events come in, turns are run, sessions are ended, and on a stop everything is handed over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from bridge.access.lists import AccessPolicy
from bridge.access.memory import Memory
from bridge.access.routes import RouteTable
from bridge.conversation.carry_over import CarryOver
from bridge.conversation.channels import Channels
from bridge.conversation.files.reader import FileReader
from bridge.conversation.question_sender import QuestionSender
from bridge.conversation.sessions.allowances import AllowanceKeeper
from bridge.conversation.sessions.compaction import Compaction
from bridge.conversation.sessions.history_fill import HistoryFill
from bridge.conversation.sessions.idle_lines import IdleLines
from bridge.conversation.sessions.muted_places import MutedPlaces
from bridge.conversation.sessions.reaper import TICK_S, Reaper
from bridge.conversation.sessions.session_manager import SessionManager
from bridge.conversation.turn_runner import TurnRunner
from bridge.domain.errors import Misconfigured, StoreUnavailable
from bridge.domain.exchanges import CarryOverLimits
from bridge.domain.files import NO_FILES, FileRules
from bridge.domain.limits.allowances import Allowances
from bridge.domain.take_overs import TakeOverOptions
from bridge.markdown.pagination import MAX_PAGES
from bridge.ports.channel import Receiver
from bridge.rate_limits.channel_limiter import ChannelLimiter
from bridge.runtime.backoff import Backoff
from bridge.runtime.cancellation import cancel_all, first_of
from bridge.runtime.operator_alerts import OperatorAlerts
from bridge.runtime.supervisor import Supervisor
from bridge.worker.alert_poster import LOOK_EVERY_S, AlertPoster
from bridge.worker.busy import Busy
from bridge.worker.dependencies import Dependencies
from bridge.worker.dispatcher import Dispatcher, DispatchLimits
from bridge.worker.hand_backs import HAND_BACK_EVERY_S, HandBacks
from bridge.worker.health import Health
from bridge.worker.intake import Intake
from bridge.worker.leader_election import Leadership

log = logging.getLogger(__name__)

_RECEIVERS_STOP_WITHIN_S = 3.0
_LAST_SWEEP_S = 1.0
_REPORT_LOST_EVERY_S = 10.0
_UNSERVED_S = 330.0  # so long after its time, a session ends although a question waits that no worker takes
_DROP_OLD_EVERY_S = 3600.0
REFUSED_AGAIN_S = (30.0, 3600.0)  # the first and the longest pause of a receiver whose token is refused
FIGURES_EVERY_S = 60.0  # a line of the log has the figures that an operator watches


class Worker:
    """Puts the parts of the core together and runs them until a stop is asked for."""

    def __init__(
        self,
        outside: Dependencies,
        *,
        idle_timeout_s: float,
        limits: DispatchLimits,
        routes: RouteTable | None = None,
        access: AccessPolicy | None = None,
        memory: Memory = Memory.DIRECT,
        carry_over: CarryOverLimits | None = None,
        take_overs: TakeOverOptions | None = None,
        interrupts: bool = False,
        idle_line: bool = False,
        show_tools: bool = False,
        max_pages: int = MAX_PAGES,
        files: FileRules = NO_FILES,
        agent_name: str = "",
        alert_places: Sequence[str] = (),
    ) -> None:
        """`agent_name` is for the log line that says that the worker is ready; empty if unknown."""
        self._outside, clock = outside, outside.clock
        self._idle_timeout_s = idle_timeout_s
        self._answers = f'; "{agent_name}" answers' if agent_name else ""
        self._supervisor = Supervisor(clock)
        self._pacing = ChannelLimiter(clock, outside.stores.budgets, outside.meter)
        self.alarms = alarms = OperatorAlerts(clock)
        self.allowances = keeper = AllowanceKeeper(outside.stores.allowances, clock, Allowances(), alarms)
        """What people may use. Its limits are set from outside, where an operator has set them."""
        muted = MutedPlaces(outside.stores.records)
        self._sessions = sessions = SessionManager(
            outside.agent,
            outside.stores.sessions,
            clock,
            idle_timeout_s=idle_timeout_s,
            muted=muted,
            take_overs=outside.stores.take_overs,
            memory=memory,
            allowances=keeper,
            idle_line=idle_line,
        )
        human, routes = take_overs or TakeOverOptions(), routes or RouteTable()
        queue = outside.stores.queue
        kept = carry_over or CarryOverLimits(exchanges=0)
        carried = CarryOver(outside.stores.exchanges, clock, kept, FileReader(files, alarms))
        asker = QuestionSender(
            agent=outside.agent,
            queue=queue,
            sessions=sessions,
            clock=clock,
            carry_over=carried,
            human_tools=human.tools,
            compaction=Compaction(outside.agent, outside.stores.exchanges, clock, keeper, is_on=kept.compacts),
        )
        self._turns = turns = TurnRunner(
            asker=asker,
            queue=queue,
            sessions=sessions,
            channels=Channels(outside.channels),
            pacing=self._pacing,
            clock=clock,
            alarms=alarms,
            muted=muted,
            carry_over=carried,
            routes=routes,
            marks=outside.stores.records,
            allowances=keeper,
            access=access,
            show_tools=show_tools,
            human=human,
            max_pages=max_pages,
            file_from=files.from_pages,
        )
        inbox, may, tracer = outside.stores.inbox, human.may, outside.tracer
        busy = Busy(inbox, routes, turns.say_words, interrupts=interrupts)
        self._intake = Intake(inbox, turns.say, turns.admissions, turns, turns.hour, may, tracer, busy)
        self._hand_backs = HandBacks(outside.stores.take_overs, inbox)
        fill = HistoryFill(outside.agent, outside.stores.exchanges, kept).fill
        self._idle_lines = IdleLines(sessions, turns.say_aside)
        self._reaper = Reaper(
            *(outside.agent, outside.stores.sessions, clock),
            on_ended=turns.ended,
            on_idle=self._idle_lines.add,
            fill=fill,
        )
        self._dispatcher = Dispatcher(
            queue=queue,
            turns=self._turns,
            clock=clock,
            supervisor=self._supervisor,
            alarms=alarms,
            limits=limits,
            meter=outside.meter,
            tracer=outside.tracer,
        )
        self._refused: dict[int, Misconfigured] = {}
        """By the receiver's index."""
        self._all_refused = asyncio.Event()
        self._unconnected = set(range(len(outside.channels)))
        self.health = Health(
            store=outside.stores.health,
            reaper=self._reaper,
            supervisor=self._supervisor,
            clock=clock,
            meter=outside.meter,
            receivers=outside.channels,
            waiting_for=lambda: {**dict.fromkeys(self._unconnected), **self._refused},
            live_turns=lambda: self._dispatcher.live_turns,
        )
        self._sweep = self._attempting("reaper", self._reaper.sweep)
        self._end_unrecorded = self._attempting("unrecorded ends", sessions.end_unrecorded)
        self._alerts = AlertPoster(alert_places, outside.channels, outside.stores.records, clock)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set or every receiver has come to its end. Raises `Misconfigured` when all are refused.

        On a stop: no more events are taken, running replies finish within the drain time, then
        the rest is released for the next worker. Where all are refused, the sessions that are open are ended first.
        """
        every = self._outside.every
        # A sweep lasts as long as TalkifAI takes for its ends: nothing else must wait for it.
        async with (
            every(TICK_S, self._sweep),
            every(TICK_S, self._end_unrecorded),
            every(TICK_S, self._attempting("pacing", self._pacing.tend)),
            every(_REPORT_LOST_EVERY_S, self._attempting("lost openings", self._reaper.report_lost_openings)),
            every(FIGURES_EVERY_S, self._attempting("figures", self._log_figures)),
            every(_DROP_OLD_EVERY_S, self._attempting("what is too old", self._outside.stores.retention.drop_old)),
            every(LOOK_EVERY_S, self._attempting("alerts", self._look_for_alerts)),
            every(HAND_BACK_EVERY_S, self._attempting("hand-backs", self._hand_backs.sweep)),
            asyncio.TaskGroup() as group,
        ):
            receivers = [
                group.create_task(self._keep_receiving(place, receiver))
                for place, receiver in enumerate(self._outside.channels)
            ]
            working = group.create_task(self._dispatcher.run())
            tellers = [
                group.create_task(self._supervisor.keep_running("notices", self._intake.tell_notices)),
                group.create_task(self._supervisor.keep_running("told ends", self._reaper.tell_ends)),
                group.create_task(self._supervisor.keep_running("idle lines", self._idle_lines.run)),
            ]
            await first_of(stop, self._all_refused, receivers)
            # The time for running replies begins now, also where a receiver takes long to leave.
            self._dispatcher.stop()
            await cancel_all(receivers, within_s=_RECEIVERS_STOP_WITHIN_S)
            await asyncio.wait([working])
            if self._refuses_all():
                await self._outlast_sessions(stop)
            for teller in tellers:
                teller.cancel()
        await self._sessions.finish_openings()
        await self._last_sweep()
        if self._refuses_all():
            raise list(self._refused.values())[-1]

    async def _keep_receiving(self, place: int, receiver: Receiver) -> None:
        """Receive until the end. If one receiver is refused, the others go on; if all are, the worker ends."""
        refusals = Backoff(*REFUSED_AGAIN_S)
        while True:
            try:
                await self._supervisor.keep_running(f"{receiver.name} receiver", self._receive(place, receiver))
            except Misconfigured as error:
                refusals = refusals if self._refused.pop(place, None) else Backoff(*REFUSED_AGAIN_S)
                self._refused[place] = error  # the newest is last: those before it are in the log
                if self._refuses_all():
                    self._all_refused.set()
                    return
                log.error("an operator has to act: %s", error, extra={"kind": type(error).__name__})  # noqa: TRY400 - no traceback wanted
                self._note_begun(place)
            else:
                return
            await self._outside.clock.sleep(refusals.next_s())

    async def _outlast_sessions(self, stop: asyncio.Event) -> None:
        """Go on ending conversations until none is open: while the tokens are wrong, perhaps no other worker starts."""
        log.error("no channel is left: %s", list(self._refused.values())[-1])
        clock, sessions = self._outside.clock, self._outside.stores.sessions
        until = clock.monotonic() + self._idle_timeout_s + _UNSERVED_S
        while not stop.is_set() and clock.monotonic() < until:
            with suppress(StoreUnavailable):
                if not any(await sessions.counts()):
                    return
            await clock.sleep(TICK_S)

    def _refuses_all(self) -> bool:
        return bool(self._refused) and len(self._refused) == len(self._outside.channels)

    def _note_begun(self, place: int) -> None:
        """Log that the worker is ready, once every receiver is either connected or refused."""
        if place in self._unconnected:
            self._unconnected.discard(place)
            if not self._unconnected:
                log.info("ready: idle sessions end after %g s%s", self._idle_timeout_s, self._answers)

    def _receive(self, place: int, receiver: Receiver) -> Callable[[], Any]:
        def connected(sentence: str) -> None:
            log.info("%s", sentence)
            self._refused.pop(place, None)
            self._note_begun(place)

        async def receive() -> None:
            await receiver.receive(self._intake.accept, connected)

        alone_as = receiver.receives_alone
        if not alone_as:
            return receive
        leadership = Leadership(self._outside.stores.leader, self._outside.clock, alone_as)

        def standing_by() -> None:
            connected(f"{receiver.name}: standing by, another worker receives")

        return lambda: leadership.lead(receive, standing_by)

    def _attempting(self, name: str, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Wrap work so that a failure is logged and counted, and the next run happens all the same."""

        async def attempt() -> None:
            await self._supervisor.attempt(name, work)

        return attempt

    async def _look_for_alerts(self) -> None:
        if self._alerts.has_places:
            troubles = {**await self.health.troubles(), **await self.health.warnings()}
            await self._alerts.look(self.alarms.current(), troubles)

    async def _log_figures(self) -> None:
        """Log what an operator watches, for platforms that make metrics out of log lines."""
        await self.health.log_figures(ended_here=self._reaper.ended, refused_receivers=len(self._refused))

    async def _last_sweep(self) -> None:
        """End what is due now; what fails is left to the next worker."""
        try:
            async with asyncio.timeout(_LAST_SWEEP_S):
                await self._end_unrecorded()
                await self._sweep()
        except TimeoutError:
            log.info("some ends are left to the next worker")
