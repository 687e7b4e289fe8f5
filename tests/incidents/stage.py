"""What a staged incident is: a scenario that asserts that no harm came, and how its protection is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from prefect import Flow

from adapters.binance_perpetual import BinancePerpetual
from adapters.clock import MarketClock
from adapters.dynamodb import Tables, open_tables
from adapters.forecast.momentum import MomentumForecaster
from adapters.news import NoNews
from adapters.sqs import SqsOrderQueue
from blocks.desk import Desk
from flows.execute_orders import execute_orders
from flows.outcomes import StepsFailedError
from tests.services.conftest import PAIRS, Room
from tests.services.kept import MemoryArchive
from tests.simulation.engineless import without_engine
from trading.ports import Notice
from trading.quality.light import LightValidator
from trading.quality.memory import Memory


@dataclass
class Told:
    """Notices as people got them."""

    notices: list[Notice] = field(default_factory=list)

    def tell(self, notices: Iterable[Notice]) -> int:
        self.notices += notices
        return 0


class Uncounted:
    """Metrics that nobody reads."""

    def count(self, *_: Any, **__: Any) -> bool:
        return True


class Stage:
    """Where an incident is played: a room (books, queue, venue), the flows' own code, and patches that end with it."""

    def __init__(self, fixture: Callable[[str], Any], patch: pytest.MonkeyPatch) -> None:
        self._fixture = fixture
        self.patch = patch
        self.told = Told()
        self.alerts: Any = self.told
        self.archive = MemoryArchive()

    @cached_property
    def room(self) -> Room:
        """Books on the AWS stand-in, our Coincheck client, the simulated venue."""
        found: Room = self._fixture("room")
        return found

    @cached_property
    def queue(self) -> SqsOrderQueue:
        """The room's order queue."""
        return SqsOrderQueue(self.room.ledger._names, self._fixture("aws"))

    @cached_property
    def tables(self) -> Tables:
        """The room's other tables."""
        return open_tables(self.room.ledger._names, self._fixture("aws"))

    @property
    def desk(self) -> Desk:
        """The room as the flows see it."""
        room, every = self.room, dict.fromkeys(Desk.__dataclass_fields__)
        held: Any = every | {
            "name": "embedded", "pairs": tuple(PAIRS.values()), "strategy": room.strategy,
            "clock": MarketClock(room.market), "market": room.market, "exchange": room.exchange,
            "candles": room.candles, "ledger": room.ledger, "queue": self.queue, "alerts": self.alerts,
            "readings": self.tables.readings, "forecasts": self.tables.forecasts,
            "news": NoNews(),
            "forecaster": MomentumForecaster("none in this room"),
            "archive": self.archive, "validator": LightValidator(), "memory": Memory(), "moods": (),
            "second": BinancePerpetual(f"{room.world.url}/fapi"), "metrics": Uncounted(),
            "lineage": self.tables.lineage, "revisions": self.tables.revisions, "items": self.tables.items,
            "heartbeats": self.tables.heartbeats,
            "guard": lambda *_: None, "arm": lambda: None,
        }  # fmt: skip
        return Desk(**held)

    def run(self, flow: Flow[Any, Any], **given: Any) -> Any:
        """A flow's own code with its tasks' retries, which wait no time."""
        with without_engine(lambda: self.desk, lambda _seconds: None):
            return flow("embedded", **given)

    def deliver(self, *trade_ids: str) -> None:
        """Messages arrive (again) and an executor runs, whatever becomes of it."""
        for trade_id in trade_ids:
            self.queue.send(trade_id, {})
        with suppress(StepsFailedError):
            self.run(execute_orders)

    def fails_once(self, owner: Any, name: str, error: Exception) -> None:
        """The next call of a method fails instead; those after it do not."""
        real, left = getattr(owner, name), [error]

        def call(*args: Any, **given: Any) -> Any:
            if left:
                raise left.pop()
            return real(*args, **given)

        self.patch.setattr(owner, name, call)

    def broken(self, mistake: AbstractContextManager[Any]) -> None:
        """A mistake that lasts until the end of the test."""
        mistake.__enter__()
        self._fixture("request").addfinalizer(lambda: mistake.__exit__(None, None, None))


@contextmanager
def harmless(harm: str) -> Iterator[None]:
    """What is done here goes through. Whatever it raises is the harm."""
    try:
        yield
    except Exception as error:
        raise AssertionError(harm) from error


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident.

    scenario  stages what happened and asserts that the harm is absent.  unprotected: takes the protection away.
    harm      begins the words of the assertion that fails without it.
    """

    scenario: Callable[[Stage], None]
    unprotected: Callable[[Stage], None]
    harm: str
