"""A machine that does whatever it likes, in any order, with one fault in each step; what must hold, holds after each.

Hypothesis chooses and, when something breaks, finds the shortest story that breaks it.
"""

from __future__ import annotations

from contextlib import ExitStack

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flows.execute_orders import execute_orders
from flows.monitor_positions import monitor_positions
from flows.reconcile import reconcile
from tests.simulation.faults import WIRE
from tests.simulation.invariants import Watch, one_position_per_pair
from tests.simulation.roles import attempt, flip, redrive
from tests.simulation.scripted import Strike, decide, drive, process, scripted
from trading.limits import Mode
from trading.order import Side, Status

PAIRS = st.sampled_from(["eth_usdt", "xrp_usdt", "doge_usdt"])
SIDES = st.sampled_from([Side.BUY, Side.SELL])
FLOWS = {"execute": execute_orders, "monitor": monitor_positions, "reconcile": reconcile}
PLACES = st.integers(0, 60)
STRIKES = st.none() | st.one_of(
    st.builds(Strike, st.sampled_from(["crash", "stall", "table"]), PLACES),
    st.builds(Strike, st.just("queue"), st.integers(0, 4)),
    st.builds(Strike, st.just("slow"), st.integers(0, 8)),
    st.builds(Strike, st.just("order"), st.just(0), st.sampled_from(WIRE)),
    st.builds(Strike, st.just("wire"), st.integers(0, 12), st.sampled_from(WIRE)),
)
"""What goes wrong in a step: nothing, or one fault at one of its places."""


class Machine(RuleBasedStateMachine):
    """One venue, one book, one queue; processes that run one flow each, alone or two at once."""

    @initialize(seed=st.integers(0, 50), guards=st.booleans())
    def begin(self, seed: int, guards: bool) -> None:
        self.stack = ExitStack()
        self.schedule, self.script = self.stack.enter_context(scripted(seed, guards=guards))
        self.watch = Watch(self.schedule)

    @rule(pair=PAIRS, side=SIDES, strike=STRIKES)
    def decides(self, pair, side, strike):
        self.runs([("decider", lambda: decide(self.schedule, side, pair))], strike)

    @rule(name=st.sampled_from(sorted(FLOWS)), strike=STRIKES)
    def one_flow(self, name, strike):
        self.runs([(name, lambda: FLOWS[name]("embedded"))], strike)

    @rule(strike=STRIKES, turns=st.lists(st.integers(0, 1), min_size=8, max_size=40))
    def two_executors_at_once(self, strike, turns):
        both = [(f"executor-{number}", lambda: execute_orders("embedded")) for number in (1, 2)]
        self.runs(both, strike, turns)

    @rule(seconds=st.sampled_from([1, 20, 61, 300, 7_200]))
    def tick(self, seconds):
        self.schedule.hub.now_ms += seconds * 1000

    @rule(pick=st.integers(0, 30))
    def delivered_again(self, pick):
        if self.schedule.sent:
            self.schedule.queue.redeliver(self.schedule.sent[pick % len(self.schedule.sent)])

    @rule(strike=STRIKES)
    def dead_letters_redriven(self, strike):
        self.runs([("person", lambda: redrive(self.schedule))], strike)

    @rule(mode=st.sampled_from([Mode.OFF, Mode.OFF, Mode.NO_ENTRIES, Mode.NOTHING]))
    def switch(self, mode):
        self.runs([("person", lambda: flip(self.schedule, mode))], None)
        self.schedule.note_switch()

    def runs(self, flows, strike, turns=()) -> None:
        """Flows in processes of their own, side by side, with one fault; then the script strikes no more."""
        self.script.asked.clear()
        self.script.strike = strike
        chosen = iter(turns)
        processes = [process(self.schedule, name, lambda run=run: attempt(self.schedule, run)) for name, run in flows]
        drive(self.schedule, processes, lambda _: next(chosen, 0))
        self.script.strike = None

    @invariant()
    def nothing_is_doubled(self) -> None:
        if hasattr(self, "watch"):
            self.watch.after_step()
            assert list(one_position_per_pair(self.schedule)) == []
            assert self.schedule.bugs == []

    def teardown(self) -> None:
        """Calm: everybody runs until all is quiet; then every order is accounted for, to the last unit."""
        if not hasattr(self, "watch"):
            return
        try:
            self.runs([("person", lambda: flip(self.schedule, Mode.OFF))], None)
            for _ in range(60):
                if self.schedule.is_quiet():
                    break
                self.schedule.hub.now_ms += 45_000
                for name, flow in FLOWS.items():
                    self.runs([(name, lambda flow=flow: flow("embedded"))], None)
                self.runs([("person", lambda: redrive(self.schedule))], None)
                self.watch.after_step()
            self.watch.at_the_end()
            assert all(one.status is not Status.UNKNOWN for one in self.watch.trades())
        finally:
            self.stack.close()


Machine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMachine = Machine.TestCase
TestMachine.__doc__ = "Whatever is done in whatever order, no order is doubled, none is lost, and every UNKNOWN ends."
