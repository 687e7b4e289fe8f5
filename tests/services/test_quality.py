"""The gate: gaps repaired, pairs that sit out and why, and exits that go on meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.quality.stage import PAIRS, STRATEGY, VALIDATOR, WINDOW, Kept, Perpetual, Stored, Venue
from tests.services.conftest import Room
from trading.basis import Basis, Rate, premiums
from trading.candles import COLUMNS, INTERVAL, PRICES, empty, frame
from trading.errors import Transient
from trading.quality.memory import Memory
from trading.services.looks import Outcomes
from trading.services.monitor import look_at
from trading.services.quality import Checked, Gate, apart, check_pair, gate, must_be
from trading.services.quarantine import notices_of, records_of, table_of
from trading.services.revisions import History

START = datetime(2026, 1, 5, tzinfo=UTC)
AT = START + WINDOW * INTERVAL + timedelta(seconds=20)
ETH, BTC, XRP = PAIRS[:3]


def seamless(seed: int, price: float, count: int = WINDOW) -> Any:
    """Right candles: each opens where the last one closed."""
    closes = price * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.001, count)))
    opens = np.concatenate([[price], closes[:-1]])
    values = zip(opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, closes / 7, strict=True)
    rows: Any = [(START + n * INTERVAL, *map(float, row)) for n, row in enumerate(values)]
    return frame(rows)


RIGHT = {pair.key: seamless(number, 10.0**number) for number, pair in enumerate(PAIRS)}


def scaled(rows: Any, start: int, factor: float) -> Any:
    """Prices times a factor from a row on."""
    changed = rows.copy()
    changed.loc[start:, list(PRICES)] *= factor
    return changed


class World:
    """All pairs in memory, right at first; what each test breaks, and what the gate says of it."""

    def __init__(self, **broken: Any) -> None:
        self.store, self.venue = Stored({**RIGHT, **broken}), Venue(RIGHT)
        self.second, self.memory = Perpetual(RIGHT, np.random.default_rng(1)), Memory()
        self.errors: dict[str, str] = {}
        self.basis: dict[str, Basis] = {}

    def check(self, pair: Any = ETH, history: History | None = None, at: datetime = AT) -> Checked:
        return check_pair(pair, at, self.store, self.venue, VALIDATOR, STRATEGY, self.memory, history)  # type: ignore[arg-type]

    def windows(self, pairs: Any = PAIRS) -> dict[Any, Any]:
        return {pair: self.store.window(pair, AT, WINDOW) for pair in pairs}

    def gate(self, pairs: Any = PAIRS) -> Gate:
        values = {pair.key: self.check(pair) for pair in pairs if pair.key not in self.errors}
        outcomes, windows = Outcomes(values, self.errors), self.windows(pairs)
        return gate(outcomes, windows, self.second, AT, STRATEGY, self.memory, self.basis)

    def words(self, pair: Any = ETH, pairs: Any = PAIRS) -> str:
        """Why a pair sits out; empty when it may be judged."""
        return "; ".join(one.words for one in self.gate(pairs).quarantined.get(pair.key, ()))


def test_missing_candles_are_fetched_again_stored_and_counted() -> None:
    """A gap, the newest candle and the oldest come back from the exchange with one call; then all is as it was."""
    gaps = RIGHT["eth_usdt"].drop(index=[0, 100, 101, 102, WINDOW - 1]).reset_index(drop=True)
    world = World(eth_usdt=gaps)
    kept: Any = Kept()
    found = world.check(history=History(kept, kept))
    assert (found.repaired, found.validation.passed, found.candles.count) == (5, True, WINDOW)
    assert world.windows()[ETH].equals(RIGHT["eth_usdt"])
    # A decision may have been made without those that came late: what it saw can be rebuilt.
    assert [one.open_time for one in kept.changed] == [START + n * INTERVAL for n in (0, 100, 101, 102)]
    assert world.check().repaired == 0


def test_what_the_exchange_lacks_twice_is_a_fact_and_not_asked_for_again() -> None:
    """An old hole of the exchange's own keeps a pair out until a second cycle's reply has it, too."""
    holed = RIGHT["eth_usdt"].drop(index=range(50, 60)).reset_index(drop=True)
    world = World(eth_usdt=holed)
    world.venue.right = {**RIGHT, "eth_usdt": holed}
    found = [world.check(at=AT + timedelta(seconds=n)).validation.passed for n in (0, 0, 1, 2)]
    assert found == [False, False, True, True]
    assert world.venue.asked == 3
    assert world.memory.absent("eth_usdt") == {START + n * INTERVAL for n in range(50, 60)}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda page: page.tail(30),  # the newest page, whatever was asked for
        lambda page: page.iloc[:0],
        lambda page: page[page["open_time"] < START + 50 * INTERVAL],
        lambda page: page.drop(index=page.index[60:90:2]),  # it lacks stored ones as well
        lambda page: page[page["open_time"] != START + 50 * INTERVAL].assign(high=0.5),
        lambda page: scaled(page.reset_index(drop=True), 0, 0.01),  # another unit: nothing of it is stored either
    ],
)
def test_a_reply_that_does_not_show_the_gap_makes_no_fact(wrong: Any) -> None:
    """However often: candles that were lost here stay lost candles, keep the pair out, and are asked for again."""
    gone = RIGHT["eth_usdt"].drop(index=range(50, 90)).reset_index(drop=True)
    world = World(eth_usdt=gone)
    world.venue.right = {**RIGHT, "eth_usdt": wrong(RIGHT["eth_usdt"].drop(index=range(51, 90)))}
    found = [world.check(at=AT + timedelta(seconds=n)) for n in range(3)]
    assert not any(one.validation.passed for one in found)
    assert not world.memory.absent("eth_usdt")
    assert (world.venue.asked, len(world.store.rows["eth_usdt"])) in {(3, len(gone)), (3, len(gone) + 1)}


def test_an_exchange_that_is_down_leaves_the_gap_and_says_so() -> None:
    """Nothing is invented: the pair sits out for the gap, and the words say why it was not repaired."""
    world = World(eth_usdt=RIGHT["eth_usdt"].drop(index=range(50, 60)).reset_index(drop=True))

    world.venue.reachable = False
    found = world.check()
    assert not found.validation.passed
    assert found.slower == ("10 missing candles were not fetched: Binance: no answer; try again",)


def test_a_repair_of_broken_rows_is_not_stored() -> None:
    """A reply with faults repairs nothing."""
    world = World(eth_usdt=RIGHT["eth_usdt"].drop(index=range(50, 60)).reset_index(drop=True))
    world.venue.right = {**RIGHT, "eth_usdt": RIGHT["eth_usdt"].assign(high=0.5)}
    found = world.check()
    assert (found.repaired, found.validation.passed) == (0, False)
    assert "not repaired" in found.slower[0]


def test_only_what_was_checked_is_judged() -> None:
    """A window that changed after its check is refused, by the judge and by the gate."""
    world = World()
    checked = world.check()
    must_be(checked, RIGHT["eth_usdt"])
    changed = scaled(RIGHT["eth_usdt"], WINDOW - 1, 1.0001)
    with pytest.raises(Transient, match="changed after they were checked"):
        must_be(checked, changed)
    values = {pair.key: world.check(pair) for pair in PAIRS}
    found = gate(Outcomes(values, {}), {**world.windows(), ETH: changed}, world.second, AT, STRATEGY)
    assert set(found.quarantined) == {"eth_usdt"}


def test_a_pair_that_could_not_be_checked_sits_out_with_the_error() -> None:
    """A failed step is no HOLD: the pair is quarantined in the step's own words, the others go on."""
    world = World()
    world.errors = {"eth_usdt": "Transient: the table is throttled"}
    found = world.gate()
    assert found.passed == tuple(pair.key for pair in PAIRS if pair != ETH)
    assert found.quarantined["eth_usdt"][0].words == "Transient: the table is throttled"


def test_a_jump_is_believed_when_the_second_venue_shows_it_and_asked_about_once() -> None:
    """A real jump of one pair passes, and in the next cycle nobody is asked."""
    real = scaled(RIGHT["eth_usdt"], 300, 1.2)
    world = World(eth_usdt=real)
    world.second.right = {**RIGHT, "eth_usdt": real}
    assert world.words() == ""
    asked = world.second.asked
    assert world.words() == ""
    assert world.second.asked == asked


def test_a_jump_of_our_feed_alone_sits_out() -> None:
    """The second venue does not show it: the words say when, by how much, and what is there instead."""
    words = World(eth_usdt=scaled(RIGHT["eth_usdt"], 300, 1.2)).words()
    assert "1 candle that moved alone, first 2026-01-06 01:00 by" in words
    assert "at the second venue (+" in words


def test_a_silent_second_venue_is_waited_for_once_and_believed_in_nothing() -> None:
    """Two pairs with jumps sit out, saying so; the venue is asked once; pairs without a jump go on."""
    world = World(eth_usdt=scaled(RIGHT["eth_usdt"], 300, 1.2), btc_usdt=scaled(RIGHT["btc_usdt"], 200, 0.8))
    world.second.reachable = False
    found = world.gate()
    assert set(found.quarantined) == {"eth_usdt", "btc_usdt"}
    assert "the second venue did not answer: Binance futures" in found.quarantined["eth_usdt"][0].words
    assert world.second.asked == 1


def test_a_window_in_another_unit_or_of_another_pair_is_off_the_second_venue() -> None:
    """What no jump shows, because all of it is wrong, is asked about when a process first sees it or it is replaced."""
    assert "newest close is 98.6039 here, 0.98" in World(eth_usdt=scaled(RIGHT["eth_usdt"], 0, 100.0)).words()
    world = World()
    assert world.words() == ""
    values = list(COLUMNS[1:])
    world.store.rows["eth_usdt"] = RIGHT["eth_usdt"].assign(**{name: RIGHT["btc_usdt"][name] for name in values})
    assert "newest close" in world.words()


def test_two_healthy_pairs_have_no_median_so_the_second_venue_is_asked() -> None:
    """With fewer than three the newest close must be the second venue's; without its answer both sit out, saying so."""
    world = World()
    assert world.words(ETH, (ETH, BTC)) == ""
    asked = world.second.asked
    assert world.words(ETH, (ETH, BTC)) == ""
    assert world.second.asked == asked + 2
    world.second.reachable = False
    assert world.words(BTC, (ETH, BTC)).startswith("only 2 healthy pairs, no median: the second venue did not answer")
    assert world.words(BTC, PAIRS) == ""


def test_people_and_the_archive_are_told_what_sits_out_and_why() -> None:
    """Record, event and page carry the rule, the words, the failing rows and the newest candles; NaN is no trouble."""
    broken = RIGHT["eth_usdt"].copy()
    broken.loc[330, "close"] = float("nan")
    world = World(eth_usdt=broken, btc_usdt=empty())
    world.venue.right = {**RIGHT, "btc_usdt": empty()}
    found = world.gate()
    records = records_of(found, world.windows(), AT)
    assert list(records) == [f"quarantine/date=2026-01-06/040020-{key}_usdt.json" for key in ("eth", "btc")]
    record = json.loads(next(iter(records.values())))
    assert record["findings"][0]["rows"] == 1
    assert record["newest_candles"][-6]["close"] == "nan"
    assert len(record["newest_candles"]) == 24
    assert [(one.kind, one.fields["pair"]) for one in notices_of(found, AT)] == [
        ("data.quarantined", "eth_usdt"), ("data.quarantined", "btc_usdt"),
    ]  # fmt: skip
    page = table_of(found)
    assert page.count("no, it sits out") == 2
    assert page.count("\n") == len(PAIRS) + 1
    assert "| eth_usdt | no, it sits out |" in page


def test_a_quarantined_pair_is_still_sold_at_its_stop(room: Room) -> None:
    """Candles that are a hundred times too high keep a pair out; the exit goes by the trading venue's own price."""
    position = room.bought("eth_usdt")
    words = World(eth_usdt=scaled(RIGHT["eth_usdt"], 300, 100.0)).words()
    assert words != ""
    high = replace(position, stop_loss=position.stop_loss.scaled(Decimal(2)), version=position.version + 1)
    room.ledger.save_position(high)
    seen = look_at(high, room.now(), room.ledger, room.exchange, room.strategy)
    assert seen.exit is not None
    assert seen.exit.reason in {"STOP_LOSS", "TRAILING_STOP"}


def measured(premiums_pct: dict[str, float], market_pct: float | None) -> dict[str, Basis]:
    """The premium of each pair, as the basis check found it."""
    return {
        key: Basis(key, 100.0, 15_000.0, 150.0, premium, barred=False, why=f"{premium} %", market_pct=market_pct)
        for key, premium in premiums_pct.items()
    }


@pytest.mark.parametrize(
    ("premium_pct", "market_pct", "sits_out"),
    [
        (9.9, 0.0, False),
        (10.1, 0.0, True),
        (-10.1, 0.0, True),
        (8.0, -3.0, True),
        (12.0, 11.0, True),
        (4.0, None, False),
    ],
)
def test_a_price_that_no_premium_explains_is_not_judged(premium_pct: float, market_pct: float, sits_out: bool) -> None:
    """Beyond `basis_broken_pct` of the rate or of the other pairs, a pair neither buys nor sells by its signals."""
    fit = Gate((ETH.key, BTC.key), {}, {})
    found = apart(fit, measured({ETH.key: premium_pct, BTC.key: 0.0}, market_pct), STRATEGY)
    assert (ETH.key in found.quarantined, ETH.key in found.passed) == (sits_out, not sits_out)
    assert BTC.key in found.passed or market_pct == 11.0


def test_an_unknown_premium_is_no_broken_price() -> None:
    """A pair whose ticker could not be read is barred from entry elsewhere; its candles may still be judged."""
    unknown = Basis(ETH.key, 100.0, None, 150.0, None, barred=True, why="no ticker")
    fit = Gate((ETH.key,), {}, {})
    assert apart(fit, {ETH.key: unknown}, STRATEGY) == fit


def dipped(rows: Any, spot: int, factor: float, *, level: bool = False) -> Any:
    """One close lower, or all prices from there on; each candle opens where the last one closed."""
    changed = rows.copy()
    changed.loc[spot : None if level else spot, list(PRICES)] *= factor
    opens = [rows.loc[0, "open"], *changed["close"].iloc[:-1]]
    changed = changed.assign(open=opens)
    return changed.assign(high=changed[list(PRICES)].max(axis=1), low=changed[list(PRICES)].min(axis=1))


def all_dipped(factor: float) -> dict[str, Any]:
    """Every pair's newest close so many times lower."""
    return {key: dipped(rows, WINDOW - 1, factor) for key, rows in RIGHT.items()}


def seen_before() -> World:
    """All pairs, in a process that judged them six candles ago."""
    world = World()
    for key, rows in RIGHT.items():
        world.memory.note_level(key, rows.iloc[:-6])
    return world


@pytest.mark.parametrize("factor", [0.7, 0.92, 1.3])
@pytest.mark.parametrize("silent", [False, True])
def test_what_all_pairs_do_is_believed_only_when_the_second_venue_shows_it(factor: float, silent: bool) -> None:
    """A feed that breaks for all pairs looks like a crash: two pairs are asked about, and none is judged."""
    world = seen_before()
    world.store.rows = all_dipped(factor)
    world.second.reachable = not silent
    found = world.gate()
    assert (found.passed, set(found.quarantined)) == ((), set(RIGHT))
    assert world.second.asked == (1 if silent else 2)
    words = found.quarantined["eth_usdt"][0].words
    assert words.startswith(f"all pairs moved at 2026-01-06 03:55, the most by {'+3' if factor > 1 else '-'}")


def test_a_crash_that_the_second_venue_shows_is_judged_and_asked_about_once() -> None:
    """One of the pairs that moved most is enough, and the next cycle asks nobody."""
    world = seen_before()
    world.store.rows = all_dipped(0.85)
    world.second.right = world.store.rows
    assert [world.gate().quarantined for _ in range(2)] == [{}, {}]
    assert world.second.asked == 1


def test_who_moves_apart_from_a_broken_majority_is_not_taken_along() -> None:
    """Four pairs of six fall in our feed only: those that did not, and whom the second venue shows, are judged."""
    world = seen_before()
    world.store.rows = {**all_dipped(0.7), BTC.key: RIGHT[BTC.key], XRP.key: RIGHT[XRP.key]}
    assert world.gate().passed == (BTC.key, XRP.key)


def test_a_price_that_neither_venue_confirms_is_not_judged() -> None:
    """First run, second venue silent, no ticker: a window in another unit has no witness. One witness is enough."""
    world = World(eth_usdt=scaled(RIGHT["eth_usdt"], 0, 0.01))
    world.second.reachable = False
    found = world.gate()
    yen = {key: Decimal(repr(float(rows["close"].iloc[-1]) * 150)) for key, rows in RIGHT.items() if key != ETH.key}
    usdt = {key: float(rows["close"].iloc[-1]) for key, rows in world.store.rows.items()}
    measured_now = premiums(usdt, yen, Rate(150.0), STRATEGY, {ETH.key: "Transient: no ticker"})
    judged = apart(found, measured_now, STRATEGY)
    assert set(judged.quarantined) == {ETH.key}
    assert "nobody confirms its price: the second venue did not answer" in judged.quarantined[ETH.key][0].words
    world.second.reachable, world.store.rows = True, dict(RIGHT)
    assert apart(world.gate(), measured_now, STRATEGY).quarantined == {}


@pytest.mark.parametrize("silent", [False, True])
def test_a_price_that_drifts_away_is_asked_about_again(silent: bool) -> None:
    """1.5 % a candle for six is no jump; its premium shows it, and the second venue says whose price is wrong."""
    world = seen_before()
    slow = RIGHT["eth_usdt"]
    for spot in range(WINDOW - 6, WINDOW):
        slow = dipped(slow, spot, 1.015, level=True)
    world.store.rows["eth_usdt"] = slow
    assert world.gate().quarantined == {}
    world.basis = measured({**dict.fromkeys(RIGHT, 0.0), ETH.key: -8.5}, 0.0)
    world.second.reachable = not silent
    found = world.gate().quarantined
    assert set(found) == {ETH.key}
    assert found[ETH.key][0].words.startswith("-8.5 %; " + ("the second venue did" if silent else "newest close is"))
    world.second.reachable, world.second.right = True, world.store.rows
    assert world.gate().quarantined == {}
