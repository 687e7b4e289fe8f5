"""One schedule: a venue, tables and a queue that all processes share, the processes, and the wires between them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, cast
from unittest.mock import patch

import httpx
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials, client
from adapters.coincheck.signing import Nonces
from adapters.dynamodb import DynamoLedger
from adapters.dynamodb.client import Dynamo
from blocks.desk import Desk
from tests.simulation import roles
from tests.simulation.actors import Actor, Hub, Ported
from tests.simulation.faults import WIRE, Dice, meet
from tests.simulation.queue import MemoryQueue
from tests.simulation.refusals import contended, no_connection, no_reply, throttled
from tests.simulation.tables import MemoryDynamo
from tests.simulation.venue import CONFIG, KEY, SECRET, START_JPY, URL, Request, Venue, starts_ms
from trading.candles import empty
from trading.errors import Transient, Unknown
from trading.limits import Mode
from trading.order import Status
from trading.reconciliation import Baseline, Reconciliation
from trading.services import protect, reconcile
from trading.strategy import Strategy
from trading.tables import Names

STRATEGY = Strategy(price_band_pct="0.8", stop_loss_pct="0.5", take_profit_pct="0.8", protective_gap_pct="0.1")
NAMES = Names("storm")
MAIN = "main"
GUARDED, SHORT = 0.6, 0.85
"""Shares: of the schedules in which stops rest at the venue; of the slow requests that take seconds, not minutes."""
STORM_S, CALM_S, LOOK_S = 300.0, 2_400.0, 30.0
"""How long faults fall, how long the quiet after them may take, and how often it is asked whether all is done."""
FOREIGN = (Decimal(0), Decimal(0), Decimal(3))
THIN = (0.0, 0.0, 0.4)
"""Coins of each kind on the account that are not ours, and how many of a schedule's stops sell only a part."""
SKEWS_S = (0.5, 3.0, 3.0, 15.0)
"""By how much the clocks of a schedule's processes may be wrong, either way."""


class Wire:
    """What our Coincheck client takes for its HTTP client: real requests and replies, and no network in between.

    One for all schedules of this process; it carries each request to the schedule that runs now. A whole ``httpx``
    client with a transport of ours says the same and takes twice as long.
    """

    schedule: Schedule

    def build_request(self, method: str, url: str, **more: Any) -> httpx.Request:
        """As httpx builds it."""
        return httpx.Request(method, url, **more)

    def send(self, request: httpx.Request) -> httpx.Response:
        """The reply, or the error of httpx that stands for it."""
        return self.schedule.carry(request)


WIRE_OF_ALL = Wire()


class Schedule:
    """Everything of one seed. ``story`` collects a readable log when it is a list."""

    def __init__(self, seed: int, story: list[str] | None = None) -> None:
        self.seed, self.story = seed, story
        self.dice = dice = Dice(seed)
        first, last = starts_ms()
        self.hub = Hub(dice, dice.random.randrange(first, last), self._start, story)
        self.foreign = dice.random.choice(FOREIGN)
        thin = dice.random.choice(THIN)
        self.venue = Venue(lambda: self.hub.now_ms, self.foreign, lambda number: self._part(number, thin))
        self.tables = MemoryDynamo(on_call=self._at_the_tables, attempts=dice.random.choice((1, 3)))
        again = dice.random.choice((0.0, 0.05, 0.2))
        self.queue = MemoryQueue(self.hub.now, seed=seed, unhidden=again, on_call=self._at_the_queue)
        self.books = self._ledger(self.hub.now)
        self.books.set_baseline(Baseline(self._before_us(), "before the storm", "storm", self.hub.now()))
        WIRE_OF_ALL.schedule, dice.on = self, False
        self.compared(-3_600_000)
        dice.on = True
        self.guards = dice.random.random() < GUARDED
        self.switched: list[tuple[int, Mode]] = [(0, Mode.OFF)]
        self.counts: Counter[str] = Counter()
        self.bugs: list[str] = []
        self.sent: list[str] = []
        self.stale_ms: dict[str, int] = {}
        self.skew_ms = int(dice.random.choice(SKEWS_S) * 1000)
        for name, role in roles.CAST:
            offset = int(dice.between(-self.skew_ms, self.skew_ms))
            wake = self.hub.now_ms + int(dice.between(0, 30) * 1000)
            self.hub.actors.append(Actor(name, lambda role=role: role(self), offset, wake))

    def _before_us(self) -> dict[str, str]:
        """What the account holds that is not ours."""
        return {"JPY": str(START_JPY), **{pair.coin: str(self.foreign) for pair in CONFIG.pairs if self.foreign}}

    def _part(self, number: int, thin: float) -> Decimal:
        """How much of a stop the book takes: all of it, or some."""
        dice = Random(f"{self.seed} {number}")
        return Decimal(dice.choice(("0.3", "0.5", "0.8"))) if self.dice.on and dice.random() < thin else Decimal(1)

    def compared(self, nonces_off_ms: int = 3_600_000) -> Reconciliation:
        """What our own reconciliation says, asked from outside: no fault, no hand-over.

        nonces_off_ms: from the world's time, so that neither it nor the processes refuse each other's nonces.
        """
        at = self.hub.now()
        with patch.object(client, "nonces_of", lambda _: Nonces(lambda: (self.hub.now_ms + nonces_off_ms) * 1_000_000)):
            exchange = self._exchange()
        return reconcile.reconcile(at, CONFIG.pairs, self.books, exchange, STRATEGY)

    # ----------------------------------------------------------------------------------------------------- processes

    def _start(self, actor: Actor) -> None:
        """A process begins: its own client with its own nonces, its own hold of the tables."""
        hub = self.hub

        def now() -> datetime:
            return datetime.fromtimestamp((hub.now_ms + actor.offset_ms) / 1000, UTC)

        nonces = Nonces(lambda: (hub.now_ms + actor.offset_ms) * 1_000_000)
        with patch.object(client, "nonces_of", lambda _: nonces):
            exchange = self._exchange()
        ports: dict[str, Any] = {
            "clock": Clock(now),
            "exchange": exchange,
            "ledger": self._ledger(now),
            "queue": self.queue,
        }
        held: Any = {name: Ported(hub, actor, name, port) for name, port in ports.items()}
        guard = partial(protect.keep, ledger=held["ledger"], exchange=held["exchange"], strategy=STRATEGY)
        held |= {"alerts": Alerts(self.counts), "guard": guard if self.guards else protect.leave}
        actor.desk = room(held)
        hub.say(f"{actor.name} starts")

    @staticmethod
    def _exchange() -> CoincheckExchange:
        keys, http = Credentials(SecretStr(KEY), SecretStr(SECRET)), cast("Any", WIRE_OF_ALL)
        return CoincheckExchange(URL, keys, CONFIG.pairs, http=http, orders_per_s=None, details_per_s=None)

    def _ledger(self, now: Any) -> DynamoLedger:
        return DynamoLedger(NAMES, Dynamo(self.tables), now)  # type: ignore[arg-type]

    def desk(self) -> Any:
        """The desk of the process that runs."""
        return self.hub.current.desk if self.hub.current else None

    # ---------------------------------------------------------------------------------------------------- what breaks

    def carry(self, request: httpx.Request) -> httpx.Response:
        """One request over the wire, with whatever befalls it."""
        actor = self.hub.current
        about = actor.about if actor and request.method == "POST" else ""
        asked = Request(
            request.method, str(request.url), request.url.path, dict(request.url.params), request.headers,
            request.content.decode(), actor.name if actor else MAIN, about, self.hub.now_ms,
        )  # fmt: skip
        placing = request.method == "POST"
        if self.dice.falls("order" if placing else "slow"):
            self.dice.counts["wire:slow order" if placing else "wire:slow"] += 1
            self.hub.sleep(
                self.dice.between(0.02, 12) if self.dice.random.random() < SHORT else self.dice.between(12, 150)
            )
        kind = self.dice.one_of("order" if placing else "wire", WIRE)
        if kind:
            self.hub.say(f"FAULT {kind} at {asked.method} {asked.path}")
        if kind == "stale" and actor is not None:
            self.stale_ms[actor.name] = self.hub.now_ms
        status, body = meet(kind, asked, self.venue, self.hub.sleep, self._arrives_late)
        return httpx.Response(status, content=body)

    def _arrives_late(self, act: Any) -> None:
        self.hub.later(self.dice.between(0.5, 120), act)

    def _at_the_tables(self, at: str, request: Any) -> None:
        if self.hub.current is None:
            return
        when, operation = at.split()
        if when == "after" and self.hub.current.name == "person":
            self.note_switch()
        if not self.dice.falls("table"):
            return
        writes = operation in {"put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item"}
        kind = self.dice.random.choice(("throttled", "no_connection", "no_reply", "contended"))
        if when == "after":
            kind = "lost_reply"
        if kind == "contended" and operation != "transact_write_items":
            kind = "throttled"
        self.dice.counts[f"table:{kind}{'' if writes else ' (read)'}"] += 1
        self.hub.say(f"FAULT {kind} at {operation}")
        if kind == "contended":
            raise contended(len(request["TransactItems"]))
        meant = {"throttled": throttled, "no_connection": no_connection}.get(kind, no_reply)
        raise meant()

    def _at_the_queue(self, at: str, asked: Any) -> None:
        if self.hub.current is None:
            return
        if at == "after send":
            self.sent.append(asked["trade_id"])
            if self.dice.falls("late"):
                self.dice.counts["queue:late"] += 1
                self.queue._alive[-1].visible_at += timedelta(seconds=self.dice.between(1, 120))
        if at == "before receive" and self.sent and self.dice.falls("again"):
            self.dice.counts["queue:again"] += self.queue.redeliver(self.dice.random.choice(self.sent))
        if not self.dice.falls("queue"):
            return
        lost = at.startswith("after")
        self.dice.counts[f"queue:{'lost_reply' if lost else 'refused'}"] += 1
        self.hub.say(f"FAULT {at}")
        if lost and not at.endswith(("receive", "dead_letters")):
            raise Unknown(f"no answer {at}; it may have been done")
        raise Transient(f"no answer {at}")

    # ---------------------------------------------------------------------------------------------------------- notes

    def is_quiet(self) -> bool:
        """Whether nothing is under way: no message, no trade but those that wait for a person, no stop in doubt."""
        if self.queue.waiting() or self.queue.dead():
            return False
        self.venue.exchange.settle(self.hub.now_ms)
        resting = {str(one.order.id) for one in self.venue.accepted if one.order.is_open}
        stops = [held.protection for held in self.books.open_positions() if held.protection is not None]
        if any(stop.order_id not in resting for stop in stops):
            return False
        return all(trade.status is Status.HALTED for trade in self.books.pending_trades())

    def queue_counts(self) -> Counter[str]:
        """What the queue did to its messages."""
        return Counter({f"queue:{name}": count for name, count in self.queue.counts.items()})

    def note_switch(self) -> None:
        """The kill switch as it truly is, right after somebody may have flipped it."""
        actor, self.hub.current = self.hub.current, None
        mode = self.books.kill_switch().mode
        self.hub.current = actor
        if mode is not self.switched[-1][1]:
            self.switched.append((self.hub.now_ms, mode))
            self.hub.say(f"the kill switch is {mode}")


class Clock:
    """The clock of one process."""

    def __init__(self, now: Any) -> None:
        self.now = now


class Alerts:
    """Counts what people are told."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def tell(self, notices: Any) -> int:
        """All of them are told."""
        for one in notices:
            self._counts[f"told:{one.kind}{' ALARM' if one.alarm else ''}"] += 1
        return 0


class NoCandles:
    """Nothing to draw: what the story is about is money."""

    def window(self, *_: object) -> Any:
        """No candle."""
        return empty()


class Unheard:
    """Heartbeats and metrics that nobody reads."""

    def beat(self, *_: Any) -> bool:
        """As if it were written."""
        return True

    count = beat


def room(ports: dict[str, Any]) -> Desk:
    """A desk of these ports; what no flow of the storm asks for is not there."""
    every: Any = dict.fromkeys(Desk.__dataclass_fields__)
    every |= {"name": "storm", "pairs": CONFIG.pairs, "strategy": STRATEGY, "arm": lambda *_: None}
    every |= {"heartbeats": Unheard(), "metrics": Unheard(), "candles": NoCandles(), **ports}
    return Desk(**every)
