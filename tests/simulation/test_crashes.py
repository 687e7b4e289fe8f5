"""One fault at EVERY place, not at some: each run of a whole trade is repeated with the fault one place further on.

The story: a decider buys, an executor executes, the monitor guards, the decider sells, the executor executes. Then it
is calm, everybody runs until all is quiet, and the venue's ledger says whether an order was doubled or lost.
"""

from __future__ import annotations

import pytest

from flows.execute_orders import execute_orders
from flows.monitor_positions import monitor_positions
from flows.reconcile import reconcile
from tests.simulation.faults import WIRE
from tests.simulation.invariants import Watch
from tests.simulation.roles import attempt
from tests.simulation.scripted import Script, Strike, decide, drive, process, scripted
from tests.simulation.world import Schedule
from trading.order import Side, Status

STEPS = ("buy", "execute", "monitor", "sell", "execute")
ROUNDS, ROUND_MS = 40, 45_000
ORDER_FAULTS = tuple(kind for kind in WIRE if kind not in {"stale", "lag"})


def step(schedule: Schedule, name: str) -> None:
    """One flow of the story, in a process of its own."""
    runs = {
        "buy": lambda: decide(schedule, Side.BUY),
        "sell": lambda: decide(schedule, Side.SELL),
        "execute": lambda: execute_orders("embedded"),
        "monitor": lambda: monitor_positions("embedded"),
        "reconcile": lambda: reconcile("embedded"),
    }
    drive(schedule, [process(schedule, name, lambda: attempt(schedule, runs[name]))])


def story(strike: Strike | None, *, guards: bool) -> tuple[Schedule, Script]:
    """The story with one fault, the calm after it, and every invariant. Raises Violation."""
    with scripted(7, guards=guards) as (schedule, script):
        watch = Watch(schedule)
        script.strike = strike
        for name in STEPS:
            step(schedule, name)
            schedule.hub.now_ms += 1_000
            watch.after_step()
        script.strike = None
        for _ in range(ROUNDS):
            if schedule.is_quiet():
                break
            schedule.hub.now_ms += ROUND_MS
            for name in ("execute", "monitor", "reconcile"):
                step(schedule, name)
            watch.after_step()
        watch.at_the_end()
        statuses = {trade.status for trade in watch.trades()}
        assert Status.HALTED not in statuses
        return schedule, script


@pytest.mark.parametrize("guards", [False, True])
def test_without_a_fault_the_story_is_two_orders(guards: bool) -> None:
    """One buy and one sell at the venue, and a stop in between where stops rest at the venue."""
    schedule, _ = story(None, guards=guards)
    taken = [one.order.order_type for one in schedule.venue.accepted if one.order.stop_loss_rate is None]
    stops = [one for one in schedule.venue.accepted if one.order.stop_loss_rate is not None]
    assert taken == ["market_buy", "market_sell"]
    assert len(stops) == guards


@pytest.mark.parametrize("guards", [False, True])
@pytest.mark.parametrize("group", ["crash", "stall", "table", "queue", "slow"])
def test_one_fault_at_every_place(group: str, guards: bool) -> None:
    """A crash, a long pause, a failing table, a failing queue or a slow reply, wherever it strikes, loses nothing."""
    _, script = story(None, guards=guards)
    places = script.asked[group]
    assert places > 3
    for number in range(places):
        strike = Strike(group, number)
        try:
            story(strike, guards=guards)
        except Exception as error:
            error.add_note(f"{strike}, guards {guards}")
            raise


@pytest.mark.parametrize("kind", ORDER_FAULTS)
def test_every_order_meets_every_fault(kind: str) -> None:
    """Each order and each stop meets it once: before the venue acts, after it, or late; none doubles, none is lost."""
    _, script = story(None, guards=True)
    for number in range(script.asked["order:"]):
        story(Strike("order", number, kind), guards=True)


@pytest.mark.parametrize("kind", WIRE)
def test_every_question_meets_every_fault(kind: str) -> None:
    """Each ticker, balance, order, cancel and list meets it once."""
    _, script = story(None, guards=True)
    for number in range(script.asked["wire:"]):
        try:
            story(Strike("wire", number, kind), guards=True)
        except Exception as error:
            error.add_note(f"wire {kind} {number}")
            raise
