"""Several processes in one thread: each a greenlet, one runs at a time, and the dice say which goes on.

They hand over at every call of a port, before and after its effect; there a process may also crash or stall. Each
process has its own nonces, so a hand-over while a request is on its way (the venue's lane of that process is held)
blocks nobody else.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from simulator.times import from_ms
from tests.simulation.faults import Dice
from trading.order import Status, StopSell


class Crash(BaseException):
    """The process is gone, at this point. Not an Exception: nothing of ours may catch it."""


@dataclass(eq=False)
class Actor:
    """One process: its name, its clock's error, and until when it sleeps. ``about``: what it asks the venue for."""

    name: str
    run: Callable[[], None]
    offset_ms: int
    wake_ms: int
    lane: Any = None
    desk: Any = None
    lives: int = 0
    body: Any = None
    about: str = ""


class Hub:
    """The world's time, and who runs. ``start`` gives a process that begins (again) its desk."""

    def __init__(self, dice: Dice, now_ms: int, start: Callable[[Actor], None], log: list[str] | None) -> None:
        self.dice, self.now_ms, self._start, self._log = dice, now_ms, start, log
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self.steps = 0
        self._main = getcurrent()
        self._later: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        """The world's time, aware UTC."""
        return from_ms(self.now_ms)

    @property
    def told(self) -> bool:
        """Whether somebody reads the story."""
        return self._log is not None

    def say(self, words: str) -> None:
        """A line of the schedule's story, when somebody reads it."""
        if self._log is not None:
            who = self.current.name if self.current else "-"
            self._log.append(f"{self.now():%H:%M:%S.%f} {who:<10} {words}")

    def later(self, delay_s: float, act: Callable[[], object]) -> None:
        """Something that happens at its time, whoever runs."""
        heapq.heappush(self._later, (self.now_ms + int(delay_s * 1000), next(self._numbers), act))

    def sleep(self, seconds: float) -> None:
        """The process that runs waits; others go on."""
        if self.current is not None:
            self.current.wake_ms = self.now_ms + int(seconds * 1000)
            self._main.switch()

    def pause(self, where: str) -> None:
        """A point at which others may go on, and at which the process may stall or crash."""
        actor = self.current
        if actor is None:
            return
        if self.dice.falls("crash"):
            self.dice.counts["crash"] += 1
            self.say(f"CRASH {where}")
            raise Crash(where)
        stall_s = 0.0
        if self.dice.falls("stall"):
            self.dice.counts["stall"] += 1
            stall_s = self.dice.between(5, 200)
            self.say(f"STALL {stall_s:.0f} s {where}")
        self.sleep(stall_s)

    def step(self) -> Actor:
        """Let one process go on to its next hand-over; the clock ticks, or jumps to when the first one wakes."""
        ready = [actor for actor in self.actors if actor.wake_ms <= self.now_ms]
        if ready:
            self.now_ms += self.dice.random.randrange(1, 60)
        else:
            self.now_ms = min(actor.wake_ms for actor in self.actors)
            ready = [actor for actor in self.actors if actor.wake_ms <= self.now_ms]
        while self._later and self._later[0][0] <= self.now_ms:
            heapq.heappop(self._later)[2]()
        actor = self.dice.random.choice(ready)
        self._go_on(actor)
        return actor

    def _go_on(self, actor: Actor) -> None:
        self.steps += 1
        self.current = actor
        try:
            if actor.body is None:
                actor.lives += 1
                self._start(actor)
                actor.body = greenlet(actor.run)
            actor.body.switch()
        except Crash:
            actor.body = None
            actor.wake_ms = self.now_ms + int(self.dice.between(1, 60) * 1000)
        finally:
            self.current = None

    def end(self) -> None:
        """End every process where it stands."""
        for actor in self.actors:
            if actor.body is not None:
                actor.body.throw()


class Ported:
    """A port as a process holds it: every call is a hand-over before and after its effect."""

    def __init__(self, hub: Hub, actor: Actor, name: str, port: Any) -> None:
        self._hub, self._actor, self._name, self._port = hub, actor, name, port

    def __getattr__(self, method: str) -> Any:
        real, hub, actor, what = getattr(self._port, method), self._hub, self._actor, f"{self._name}.{method}"
        if not callable(real):
            return real

        def call(*args: Any, **given: Any) -> Any:
            hub.pause(f"before {what}")
            _remember(actor, method, args)
            try:
                result = real(*args, **given)
            except Exception as error:
                hub.say(f"{what} -> {type(error).__name__}: {error}")
                raise
            if hub.told:
                hub.say(f"{what}{_short(args)} -> {_short(result)}")
            if what != "clock.now":  # what the clock said is used at once: so it is known when a request left
                hub.pause(f"after {what}")
            return result

        self.__dict__[method] = call
        return call


def _remember(actor: Actor, method: str, args: tuple[Any, ...]) -> None:
    """What the next request of this process to place an order is for: the trade it wrote SENT, or the position."""
    if method == "save_trade" and args[0].status is Status.SENT:
        actor.about = args[0].intent.trade_id
    elif method == "save_position" and args[0].protection is not None and args[0].protection.order_id is None:
        actor.about = args[0].position_id
    elif method == "place" and isinstance(args[0], StopSell) != actor.about.startswith("POS-"):
        actor.about = f"nobody ({actor.about})"


def _short(value: Any) -> str:
    """A value in a line of the story."""
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_short(one) for one in value) + ")"
    if hasattr(value, "intent"):
        return f"{value.intent.trade_id} {value.status} v{value.version}"
    if hasattr(value, "position_id") and hasattr(value, "status"):
        return f"{value.position_id} {value.status} v{value.version}"
    if hasattr(value, "trade_id"):
        return str(value.trade_id)
    return getattr(value, "__name__", str(value)[:60])
