"""Who takes part: executors, a monitor, a reconciler, a decider, a person; each runs flows of ours, over and over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flows.execute_orders import execute_orders
from flows.monitor_positions import monitor_positions
from tasks.decide import book_decision, read_books, shape_intents
from tasks.notify import queue_order
from trading.calibration.weight import EarnedWeight
from trading.errors import Halt, TradingError
from trading.limits import KillSwitch, Mode
from trading.order import TERMINAL, Side
from trading.position import PositionStatus
from trading.scoring import Decision, Ranked
from trading.services.looks import Look, Outcomes
from trading.services.quality import Gate
from trading.services.seen import Seen

if TYPE_CHECKING:
    from tests.simulation.world import Schedule

RECONCILES = find_spec("flows.reconcile") is not None
OURS = re.compile(
    r"\b(?:Type|Attribute|Key|Value|Index|Lookup|Name|Assertion|NotImplemented|Runtime|Arithmetic)Error\b"
)
"""Errors that no step of ours may end with: they are bugs, wherever they are told."""

UNAWARE = 0.2
"""Share of the entries that are decided without a look at what is held and under way."""


UNWEIGHED: Outcomes[EarnedWeight] = Outcomes({}, {})
"""Nobody asked what forecasts may weigh: the decisions here are made up."""


@dataclass(frozen=True)
class NoMood:
    """A decision of the storm has no market context."""


def attempt(schedule: Schedule, what: Callable[[], object]) -> None:
    """One run of a flow: an error that says who acts is an outcome, anything else a bug."""
    try:
        what()
    except TradingError as error:
        kind = "halt" if isinstance(error, Halt) or "Halt:" in str(error) else "failed"
        schedule.counts[f"run {kind}"] += 1
        schedule.hub.say(f"run {kind}: {error}")
        if OURS.search(str(error)):
            schedule.bugs.append(str(error))


def executor(schedule: Schedule) -> None:
    """Carries out what the queue holds."""
    while True:
        attempt(schedule, lambda: execute_orders("embedded"))
        schedule.hub.sleep(schedule.dice.between(5, 30))


def monitor(schedule: Schedule) -> None:
    """Watches what is held."""
    while True:
        attempt(schedule, lambda: monitor_positions("embedded"))
        schedule.hub.sleep(schedule.dice.between(20, 60))


def reconciler(schedule: Schedule) -> None:
    """Sweeps, then compares book and venue."""
    flow: Any = import_module("flows.reconcile").reconcile if RECONCILES else lambda _: None
    while True:
        attempt(schedule, lambda: flow("embedded"))
        schedule.hub.sleep(schedule.dice.between(60, 150))


def decider(schedule: Schedule) -> None:
    """Ends as an analysis does, while the storm lasts: it sizes, books and queues what was decided."""
    while True:
        if schedule.dice.on:
            attempt(schedule, lambda: decide(schedule))
        schedule.hub.sleep(schedule.dice.between(15, 80))


def decide(schedule: Schedule) -> None:
    """Sell what is held, or buy a pair that is free."""
    room, draw = schedule.desk(), schedule.dice.random
    at = room.clock.now()
    account = read_books("embedded", at)
    held = sorted(one.pair for one in account.positions if one.status is PositionStatus.OPEN)
    busy = {one.intent.pair for one in account.pending if one.status not in TERMINAL} | {
        one.pair for one in account.positions
    }
    unaware = draw.random() < UNAWARE
    free = [pair.key for pair in room.pairs if unaware or pair.key not in busy]
    side, choice = (Side.SELL, held) if held and draw.random() < 0.35 else (Side.BUY, free)
    if not choice:
        return
    pairs = tuple(draw.sample(choice, min(len(choice), draw.choice((1, 1, 2)))))
    ranking = tuple(Ranked(key, draw.uniform(0.16, 0.6), {}, {}, {}) for key in pairs)
    decision = Decision(side, pairs, (), 0.28, -0.15, ranking)
    shaped = shape_intents("embedded", decision, account, at, "LN-20240103-0001")
    mood: Any = NoMood()
    looks = [Look(pair, None, None, None, {}) for pair in pairs]
    seen = Seen(Gate((), {}, {}), looks, mood, UNWEIGHED, {}, account)
    analysis = book_decision("embedded", at, "storm", seen, decision, shaped, "LN-20240103-0001")
    for trade_id in analysis.trade_ids:
        queue_order("embedded", trade_id, analysis.trace())


def person(schedule: Schedule) -> None:
    """Flips the kill switch now and then, and gives the queue's dead letters back, all of them."""
    draw = schedule.dice.random
    while True:
        schedule.hub.sleep(schedule.dice.between(40, 200))
        if schedule.dice.on and draw.random() < 0.4:
            mode = draw.choice((Mode.NO_ENTRIES, Mode.NOTHING, Mode.OFF, Mode.OFF))
            attempt(schedule, lambda mode=mode: flip(schedule, mode))
        attempt(schedule, lambda: redrive(schedule))


def flip(schedule: Schedule, mode: Mode) -> None:
    """Set the switch."""
    room = schedule.desk()
    room.ledger.set_kill_switch(KillSwitch(mode, "storm", "a person", room.clock.now()))


def redrive(schedule: Schedule) -> None:
    """Give every dead letter back to the queue."""
    queue = schedule.desk().queue
    while letters := queue.dead_letters():
        for letter in letters:
            queue.redrive(letter)


CAST: tuple[tuple[str, Callable[[Schedule], None]], ...] = (
    ("executor-1", executor),
    ("executor-2", executor),
    ("monitor", monitor),
    ("reconciler", reconciler),
    ("decider", decider),
    ("person", person),
)
