"""The promise on real processes: whatever is killed when, each intent has one outcome, and the venue equals the book.

The venue, the AWS stand-in, two executors and the reconciler are processes; one executor is killed ten times.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.aws import open_aws
from adapters.binance import BinanceMarketData
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.dynamodb import open_tables
from adapters.provision import provision
from adapters.sqs import SqsOrderQueue
from simulator.config import SimulatorConfig
from tests.contract.worlds import World
from tests.processes import worker
from tests.processes.booker import Booker
from tests.processes.servers import KEY, Servers, running
from tests.services.conftest import PAIRS, Room
from trading.order import TERMINAL, Side, Status, Trade
from trading.reconciliation import Verdict
from trading.services.reconcile import reconcile
from trading.strategy import Strategy
from trading.tables import Names

INTENTS, KILLS = int(os.environ.get("KILL_INTENTS", "40")), 10
"""The promise is of 200: `KILL_INTENTS=200 KILL_SEED=n`; every run of the tests does the same kills among fewer."""
PATIENCE_S = 420
REST_S, AIM_S, BY_CHANCE = 0.1, 5.0, 0.3
STRATEGY: dict[str, Any] = {
    "lease_s": 5, "evidence_settle_s": 5, "sweep_after_s": 5, "losses_in_a_row": 100,
    "daily_loss_limit_jpy": 90_000,
}  # fmt: skip
"""Short waits, and no breaker that would end the buying: each round trip loses the spread."""


@dataclass
class Run:
    """What one run had, and what it came to."""

    room: Room
    queue: SqsOrderQueue
    servers: Servers
    folder: Path
    seed: int
    booker: Booker = field(init=False)
    met: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.booker = Booker(self.room, self.queue, INTENTS)

    def start(self, name: str, verb: str = "execute") -> BaseProcess:
        return worker.started(verb, self.servers.env, self.folder / f"{name}.log")

    def said(self, words: str) -> int:
        """How many lines of the workers' logs hold these words."""
        return sum(log.read_text().count(words) for log in self.folder.glob("worker-*.log"))

    def trades(self) -> list[Trade]:
        return [trade for trade in map(self.room.ledger.trade, self.booker.trade_ids) if trade is not None]

    def unfinished(self) -> list[Trade]:
        return [one for one in self.room.ledger.pending_trades() if one.status is not Status.HALTED]


@contextmanager
def opened(folder: Path, seed: int) -> Iterator[Run]:
    with running(folder, STRATEGY) as servers, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", servers.env["AWS_ENDPOINT_URL"])
        aws = open_aws()
        names = aws.complete(Names("trader"))
        provision(names, aws)
        tables, url = open_tables(names, aws), servers.simulator_url
        secret = SecretStr(servers.env["TRADER_COINCHECK_SECRET_KEY"])
        exchange = CoincheckExchange(
            f"{url}/coincheck", Credentials(SecretStr(KEY), secret), tuple(PAIRS.values()),
            orders_per_s=None, details_per_s=None,
        )  # fmt: skip
        room = Room(
            World(url, SimulatorConfig()), exchange, BinanceMarketData(f"{url}/binance"), tables.ledger,
            tables.candles, Strategy(**STRATEGY), aws, names,
        )  # fmt: skip
        reconcile(room.now(), tuple(PAIRS.values()), room.ledger, exchange, room.strategy)
        yield Run(room, SqsOrderQueue(names, aws), servers, folder, seed)


def carried_through(run: Run) -> None:
    """Book all intents while two executors and the reconciler work; kill one executor at ten seeded moments."""
    dice = random.Random(run.seed)
    moments = sorted(dice.sample(range(5, INTENTS - 5), KILLS))
    others = [run.start("worker-other"), run.start("worker-reconciler", "reconcile")]
    victim = run.start("worker-victim")
    began = time.monotonic()
    try:
        while not run.booker.done or moments or run.unfinished():
            run.booker.wave()
            if moments and len(run.booker.trade_ids) >= moments[0]:
                moments.pop(0)
                await_the_moment(run, dice)
                victim.kill()
                victim.join()
                run.met.update(f"{trade.status}" for trade in run.unfinished())
                victim = run.start("worker-victim")
            time.sleep(REST_S)
            nothing_is_wrong_yet(run, began)
    finally:
        for process in (victim, *others):
            process.kill()
            process.join()
        run.seconds = time.monotonic() - began


def await_the_moment(run: Run, dice: random.Random) -> None:
    """Some kills come whenever they come, most as soon as the venue has taken an order: its answer is on the way."""
    time.sleep(dice.uniform(0, 0.3))
    if dice.random() < BY_CHANCE:
        return
    taken, until = run.room.venue_orders(), time.monotonic() + AIM_S
    while run.room.venue_orders() == taken and time.monotonic() < until:
        pass


def nothing_is_wrong_yet(run: Run, began: float) -> None:
    """Whenever it is asked, the last comparison found no difference, and there is still time."""
    seen = run.room.ledger.reconciliation()
    assert seen is not None
    assert seen.verdict is not Verdict.DIFFERS, seen.findings
    under_way = [(one.intent.trade_id, one.status, one.note) for one in run.unfinished()]
    assert time.monotonic() - began < PATIENCE_S, (len(run.booker.trade_ids), under_way, seen)


def figures(run: Run) -> str:
    outcomes = Counter(str(trade.status) for trade in run.trades())
    reasons = Counter(re.sub(r"[0-9.:,]+", "#", trade.note)[:90] for trade in run.trades() if trade.note)
    return (
        f"{len(run.booker.trade_ids)} intents in {run.seconds:.0f} s with {KILLS} kills: {dict(outcomes)}; under way "
        f"at the kills: {dict(run.met)}; refused nonces {run.said('nonce')}, bounced or lost steps "
        f"{run.said('Transient')}, conflicts {run.said('Conflict') + run.said('Lost:')}, unknown "
        f"{run.said('Unknown')}, dead letters {run.queue.dead()}; why {dict(reasons)}"
    )


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S + 60)
def test_two_executors_one_killed_ten_times(tmp_path: Path) -> None:
    """Many intents, two executors on one key and one queue, ten SIGKILLs: one outcome each, venue and book equal."""
    with opened(tmp_path, int(os.environ.get("KILL_SEED", "1"))) as run:
        carried_through(run)
        print(figures(run))  # noqa: T201 (the figures of the run, shown with -s)
        every_intent_has_one_outcome(run)
        the_venue_did_each_order_once(run)
        the_account_equals_the_book(run)


def every_intent_has_one_outcome(run: Run) -> None:
    trades = run.trades()
    assert len({trade.intent.trade_id for trade in trades}) == INTENTS
    for trade in trades:
        assert trade.status in TERMINAL, trade  # a kill leaves evidence enough: no human is needed


def the_venue_did_each_order_once(run: Run) -> None:
    orders: dict[str, Any] = {str(order["id"]): order for order in run.room.world.ledger()["orders"]}
    ours = [trade for trade in run.trades() if trade.order_id is not None]
    assert sorted(str(trade.order_id) for trade in ours) == sorted(orders)
    for trade in ours:
        order = orders[str(trade.order_id)]
        assert (order["pair"], order["side"]) == (trade.intent.trading_pair, trade.intent.side.lower())
        fills = order["fills"]
        assert trade.executed is not None
        assert trade.executed.quantity.number == sum(Decimal(one["amount"]) for one in fills)
        assert trade.executed.funds.number == sum(Decimal(one["funds_jpy"]) for one in fills)


def the_account_equals_the_book(run: Run) -> None:
    """To the last unit; the reconciler, asked once more, says so too."""
    ledger, venue = run.room.ledger, run.room.world.ledger()
    has = {name: Decimal(one["free"]) + Decimal(one["reserved"]) for name, one in venue["balances"].items()}
    spent = sum(
        (one.executed.funds.number * (1 if one.intent.side is Side.SELL else -1))
        for one in run.trades() if one.executed is not None
    )  # fmt: skip
    assert venue["conserved"]
    assert has["jpy"] == Decimal(venue["balances"]["jpy"]["start"]) + spent
    assert ledger.totals().jpy.number == spent
    for pair in PAIRS.values():
        held = [one.size.number for one in ledger.open_positions() if one.size.coin == pair.coin]
        assert has[pair.coin.lower()] == sum(held, Decimal(0)), pair
    seen = reconcile(
        run.room.now() + timedelta(seconds=1), tuple(PAIRS.values()), ledger, run.room.exchange, run.room.strategy
    )
    assert (seen.verdict, seen.waiting) == (Verdict.AGREES, ())
