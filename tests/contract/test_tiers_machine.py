"""Two processes over one Redis, one set of tables, one archive and one exchange; anything may fail at any call."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from adapters.hot.candles import PUT_S
from adapters.hot.server import PAUSE_S
from tests.contract.redis_server import redis_server
from tests.contract.tiering import BTC, START, STEP, World, candles_of
from trading import candles as frames
from trading.errors import TradingError

KEPT = timedelta(days=1)
DAY = timedelta(days=1)
CALLS = st.integers(0, 6)
OFTEN = st.one_of(st.just(0), st.integers(1, 30))
PROCESSES = st.sampled_from(["one", "two"])
MARKET = [tuple(row) for row in candles_of(6 * 288).itertuples(index=False)]
FAULTS = st.sampled_from(
    [*["nothing"] * 4, "kill", "throttle", "cut one", "cut two", "restart", "other reads", "other changes"]
)
"""What happens at some call in the middle of a step."""


class Tiers(RuleBasedStateMachine):
    """Every answer is held against the tables themselves, the archive, and what the exchange says."""

    def __init__(self):
        super().__init__()
        self.redis.start()
        self.redis.client.flushall()
        self.redis.snapshot()
        self.world = World(self.redis, KEPT)
        self.stores = {name: self.world.process(name) for name in ("one", "two")}
        self.changes = 0
        self.archived = {}

    @initialize(gap=st.integers(0, 300))
    def two_days_of_market(self, gap):
        """The tables hold two days with a hole somewhere; the first is on its way out."""
        self.world.now = START + 2 * DAY
        self._venue_goes_on()
        rows = [row for number, row in enumerate(MARKET[:576]) if not gap <= number < gap + 3]
        self.stores["one"]._warm.put(BTC, frames.frame(rows))
        self._tables_forget()

    # ---------------------------------------------------------------------------------------------------- the world

    @rule(slots=st.integers(1, 40), forgotten=st.integers(0, 3))
    def time_passes(self, slots, forgotten):
        """The venue goes on; what may leave the tables is in the archive first."""
        self.world.now = min(self.world.now + slots * STEP, START + 5 * DAY)
        self.world.monotonic_s += PAUSE_S
        if self.redis.runs and slots * STEP > timedelta(seconds=PUT_S):
            self.world.settle()
        self._venue_goes_on()
        self._tables_forget(forgotten)

    @rule(who=PROCESSES, back=st.integers(0, 20), many=st.integers(1, 60), changed=OFTEN, fault=FAULTS, call=CALLS)
    def one_collects(self, who, back, many, changed, fault, call):
        """A process stores what the venue says now, often another version of it; all of it, or with an error."""
        if changed:
            self._change(changed)
        self._interrupt(fault, who, call)
        self._put(who, back, many)
        self.world.interrupt = None
        for name in ("one", "two"):
            self._read(name, 0, 30, "nothing", 0)

    @rule(what=st.sampled_from(["kill", "start", "snapshot", "throttle", "cut one", "cut two", "cold", "exchange"]))
    def something_fails(self, what):
        """Until further notice."""
        self._fail(what)

    @rule(damage=st.sampled_from(["candles", "seal", "member"]), rank=st.integers(0, 300))
    def redis_loses_something(self, damage, rank):
        """An eviction under memory pressure, or a member taken away."""
        if self.redis.runs:
            key = "tiers:ohlcv:btc_usdt:5m"
            if damage == "member":
                self.redis.client.zremrangebyrank(key, rank, rank)
            else:
                self.redis.client.delete(key if damage == "candles" else f"{key}:seal")

    @rule(who=PROCESSES)
    def a_good_cycle(self, who):
        """Nothing fails, the pauses are over: one stores what is new, both read it, the second time from Redis."""
        self.redis.start()
        self.world.settle()
        self.world.refuses.clear()
        self.world.archive.refuses = self.world.exchange.refuses = False
        self.world.exchange.page = 1000
        self.world.monotonic_s += PAUSE_S
        self._put(who, 0, 70)
        for name in ("one", "two", "one"):
            self._read(name, 0, 60, "nothing", 0)

    # ---------------------------------------------------------------------------------------------------- the facts

    @rule(who=PROCESSES, back=st.integers(0, 40), count=st.integers(1, 60), fault=FAULTS, call=CALLS)
    def one_reads_now(self, who, back, count, fault, call):
        """An answer is the truth, or an error; never an error when nothing fails."""
        self._read(who, back, count, fault, call)

    @rule(who=PROCESSES, back=st.integers(200, 700), count=st.integers(1, 60), fault=FAULTS, call=CALLS)
    def one_reads_the_past(self, who, back, count, fault, call):
        """The same of candles that are leaving the tables, or have left them."""
        self._read(who, back, count, fault, call)

    def _read(self, who, back, count, fault, call):
        at = self.world.now - back * STEP
        before = self._truth()
        well = not self._anything_fails() and fault in {"nothing", "other reads", "other changes"}
        self._interrupt(fault, who, call)
        try:
            answer = self.stores[who].read(BTC, at, count)
        except TradingError:
            assert not well
            return
        finally:
            self.world.interrupt = None
        self._judge(answer, at, count, before, self._truth())

    def _judge(self, answer, at, count, before, after):
        rows = [tuple(row) for row in answer.candles.itertuples(index=False)]
        times = [row[0].to_pydatetime() for row in rows]
        venue = self.world.exchange.rows if "exchange" in answer.tier else {}
        said = [{before.get(time), after.get(time), venue.get(time)} for time in times]
        assert all(row in any_of for row, any_of in zip(rows, said, strict=True)), f"wrong values from {answer.tier}"
        assert times == sorted(set(times))
        assert len(times) <= count
        newest, since = frames.floor_time(at) - STEP, frames.floor_time(at) - count * STEP
        assert not times or times[-1] <= newest
        kept_since = frames.floor_time(self.world.now - KEPT) + STEP
        bound = kept_since if since >= kept_since else START
        if len(times) == count:
            bound = max(bound, times[0])
        lacking = [time for time in before if bound <= time <= newest and time not in set(times)]
        assert not lacking, f"{answer.tier} left out {lacking[:3]}"

    # ------------------------------------------------------------------------------------------------------ how it is

    def _truth(self):
        """The tables' candles, and the archive's of the time that the tables forget."""
        rows = {at: row for day in self.archived.values() for at, row in day.items()}
        return rows | {at: (pd.Timestamp(at), *row[1:]) for at, row in self.world.stored().items()}

    def _put(self, who, back, many):
        last = frames.floor_time(self.world.now) - (back + 1) * STEP
        rows = self.world.exchange.rows
        some = [rows[at] for number in range(many) if (at := last - (many - 1 - number) * STEP) in rows]
        try:
            self.stores[who].put(BTC, frames.frame(some))
        except TradingError:
            assert self._anything_fails()

    def _change(self, back):
        at = frames.floor_time(self.world.now) - back * STEP
        self.changes += 1
        old = self.world.exchange.rows[at]
        self.world.exchange.rows[at] = (*old[:4], (old[2] + old[3]) / 2 + self.changes / 1e6, old[5] + 1)

    def _interrupt(self, fault, who, call):
        other = "two" if who == "one" else "one"

        def act():
            self.world.interrupt = None
            if fault == "restart":
                self.redis.kill()
                self.redis.start()
                self.world.monotonic_s += PAUSE_S
            if fault in {"other reads", "restart"}:
                self._read(other, 0, 30, "nothing", 0)
            elif fault == "other changes":
                self._change(3)
                self._put(other, 2, 1)
            else:
                self._fail(fault)

        self.world.interrupt = None if fault == "nothing" else (call, act)

    def _fail(self, what):
        match what:
            case "kill":
                self.redis.kill()
            case "start":
                self.redis.start()
            case "snapshot" if self.redis.runs:
                self.redis.snapshot()
            case "throttle":
                self.world.refuses.add("warm")
            case "cut one" | "cut two":
                self.world.refuses.add(what.replace("cut", "hot"))
            case "cold":
                self.world.archive.refuses = True
            case "exchange":
                self.world.exchange.refuses, self.world.exchange.page = self.changes % 2 == 0, 7

    def _anything_fails(self):
        world = self.world
        return not self.redis.runs or world.refuses or world.archive.refuses or world.exchange.refuses

    def _venue_goes_on(self):
        for row in MARKET:
            if row[0] + STEP <= self.world.now:
                self.world.exchange.rows.setdefault(row[0].to_pydatetime(), row)

    def _tables_forget(self, every=1):
        """Days that are about to go are archived from the tables, over what the archive has; then some are deleted."""
        kept_since = self.world.now - KEPT
        stored, truth = self.world.stored(), self._truth()
        refuses, self.world.archive.refuses = self.world.archive.refuses, False
        day = START
        while day <= kept_since:
            rows = {at: truth[at] for at in sorted(truth) if day <= at < day + DAY}
            if rows and rows != self.archived.get(day):
                self.archived[day] = rows
                self.world.cold.put(BTC, day.date(), frames.frame(list(rows.values())))
            day += DAY
        self.world.archive.refuses = refuses
        gone = [at for at in stored if at < kept_since]
        self.world.forget(at for number, at in enumerate(gone) if every and number % every == 0)


def test_an_answer_is_the_truth_or_an_error(tmp_path):
    """Whoever puts, changes, reads, dies or loses something, at whichever call: no wrong and no shorter window."""
    with redis_server(tmp_path) as server:
        case = type("OnRedis", (Tiers,), {"redis": server}).TestCase
        case.settings = settings(max_examples=6, stateful_step_count=15)
        case("runTest").runTest()
