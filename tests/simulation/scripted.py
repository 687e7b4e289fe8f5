"""A schedule by hand: no chance, one named fault at one numbered place, and flows that run when they are told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tasks.decide import book_decision, read_books, shape_intents
from tasks.notify import queue_order
from tests.simulation import world
from tests.simulation.actors import Actor, Crash
from tests.simulation.engineless import without_engine
from tests.simulation.faults import Dice
from tests.simulation.quicker import decoded_once
from tests.simulation.roles import UNWEIGHED, NoMood
from tests.simulation.world import WIRE_OF_ALL, Schedule
from trading.order import Side
from trading.position import PositionStatus
from trading.scoring import Decision, Ranked
from trading.services.quality import Gate
from trading.services.seen import Seen

STALL_S = 200.0
"""Longer than a lease, an intent and a message's visibility together need to be over."""
MOST_SWITCHES = 20_000


@dataclass(frozen=True)
class Strike:
    """What goes wrong: the n-th time (from 0) that a group of faults could fall; on a wire, which kind."""

    group: str
    number: int
    kind: str = ""


class Script(Dice):
    """Dice that fall where they are told. ``asked`` counts how often each group could have fallen."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.strike: Strike | None = None
        self.asked: Counter[str] = Counter()

    def falls(self, group: str) -> bool:
        """Only the strike falls, once."""
        number = self.asked[group]
        self.asked[group] += 1
        return self.strike is not None and not self.strike.kind and (group, number) == self._at

    def one_of(self, group: str, kinds: tuple[str, ...]) -> str | None:
        """The strike's kind, at its place."""
        del kinds
        number = self.asked[f"{group}:"]
        self.asked[f"{group}:"] += 1
        if self.strike is None or not self.strike.kind or (group, number) != self._at:
            return None
        self.counts[f"{group}:{self.strike.kind}"] += 1
        return self.strike.kind

    def between(self, least: float, most: float) -> float:
        """The longest there is: a stall outlasts the lease."""
        del least
        return most

    @property
    def _at(self) -> tuple[str, int]:
        return (self.strike.group, self.strike.number) if self.strike else ("", -1)


@contextmanager
def scripted(seed: int, *, guards: bool) -> Iterator[tuple[Schedule, Script]]:
    """A schedule without actors of its own, and the dice that decide what befalls it."""
    script = Script(seed)
    with patch.object(world, "Dice", lambda _: script), patch.object(world, "SKEWS_S", (0.0,)):
        schedule = Schedule(seed)
    schedule.hub.actors.clear()
    schedule.guards = guards
    WIRE_OF_ALL.schedule = schedule
    with without_engine(schedule.desk, schedule.hub.sleep), decoded_once():
        yield schedule, script


def process(schedule: Schedule, name: str, run: Callable[[], object]) -> Actor:
    """One process that does one thing and ends."""
    return Actor(name, lambda: _ignore(run()), 0, schedule.hub.now_ms)


def drive(schedule: Schedule, actors: Sequence[Actor], choose: Callable[[int], int] = lambda _: 0) -> None:
    """Run processes side by side to their ends; ``choose`` picks among the ready ones. A crash ends its process."""
    left = list(actors)
    for _ in range(MOST_SWITCHES):
        if not left:
            return
        hub = schedule.hub
        hub.now_ms = max(hub.now_ms + 1, min(actor.wake_ms for actor in left))
        ready = [actor for actor in left if actor.wake_ms <= hub.now_ms]
        actor = ready[choose(len(ready)) % len(ready)]
        if _ended(schedule, actor):
            left.remove(actor)
    msg = f"{', '.join(actor.name for actor in left)} did not come to an end"
    raise AssertionError(msg)


def decide(schedule: Schedule, side: Side, pair: str = "eth_usdt") -> None:
    """Book and queue one buy of a pair, or one sell of what is held of it, as an analysis ends; else nothing."""
    at = schedule.desk().clock.now()
    account = read_books("embedded", at)
    held = any(one.pair == pair and one.status is PositionStatus.OPEN for one in account.positions)
    if held is not (side is Side.SELL):
        return
    decision = Decision(side, (pair,), (), 0.28, -0.15, (Ranked(pair, 0.5, {}, {}, {}),))
    shaped = shape_intents("embedded", decision, account, at, "LN-20240103-0001")
    mood: Any = NoMood()
    seen = Seen(Gate((), {}, {}), [], mood, UNWEIGHED, {}, account)
    analysis = book_decision("embedded", at, "script", seen, decision, shaped, "LN-20240103-0001")
    for trade_id in analysis.trade_ids:
        queue_order("embedded", trade_id, analysis.trace())


def _ended(schedule: Schedule, actor: Actor) -> bool:
    """Let a process go on to its next hand-over; whether that was its last."""
    schedule.hub._go_on(actor)
    return actor.body is None or bool(actor.body.dead)


def _ignore(_: object) -> None:
    """A process has no result."""


__all__ = ["STALL_S", "Crash", "Script", "Strike", "decide", "drive", "process", "scripted"]
