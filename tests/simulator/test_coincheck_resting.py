"""Orders that wait: they fill or trigger where the price went, however seldom anybody looks."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.coincheck.asked import Asked
from simulator.coincheck.exchange import Exchange
from simulator.coincheck.orders import Order, Status
from simulator.coincheck.rules import Refused
from simulator.generated import generate
from simulator.ledger import Ledger
from simulator.market import Market, series
from simulator.rates import read_rates
from simulator.shapes import LIVELY
from simulator.times import CANDLE_MS

START_MS = 1_767_571_200_000
PAIRS = {"btc_jpy": "BTCUSDT", "sol_jpy": "SOLUSDT"}
FRAMES = generate(list(PAIRS.values()), START_MS, 400, 3, LIVELY)
MARKET = Market({name: series(frame) for name, frame in FRAMES.items()})
# The highest close of the first 200 candles: from there the price must come down.
PEAK_MS = START_MS + (int(FRAMES["SOLUSDT"]["close"][:200].argmax()) + 1) * CANDLE_MS


def exchange(jpy: int = 1_000_000, **coins: str) -> Exchange:
    held = {coin: Decimal(amount) for coin, amount in coins.items()}
    ledger = Ledger({"btc": Decimal(0), "sol": Decimal(0), **held, "jpy": Decimal(jpy)})
    return Exchange(MARKET, read_rates("150"), PAIRS, ledger, seed=1, spread_pct=Decimal("0.06"))


def asked(order_type: str, **fields: Any) -> Asked:
    known = {"rate": None, "amount": None, "market_buy_amount": None, "stop_loss_rate": None}
    return Asked("sol_jpy", order_type, **{**known, **fields}, time_in_force="good_til_cancelled")


def test_resting_buy_fills_at_its_own_price_when_the_ask_gets_there() -> None:
    """A bid one percent below the market is filled at its rate, as a maker, when the price falls that far."""
    desk = exchange()
    at = PEAK_MS
    rate = (desk.price("sol_jpy", at) * Decimal("0.99")).quantize(Decimal("0.01"))
    order = desk.place(asked("buy", rate=rate, amount=Decimal(1)), at)
    assert order.status is Status.NEW
    desk.settle(at + 300 * CANDLE_MS)
    assert order.status is Status.FILLED
    assert {fill.price for fill in desk.ledger.fills} == {rate}
    assert not any(fill.taker for fill in desk.ledger.fills)
    when = desk.ledger.fills[0].at_ms
    assert desk.price("sol_jpy", when) <= rate
    # A second earlier the price had not been there.
    assert desk.price("sol_jpy", when - 10_000) > rate * Decimal("0.999")


def test_stop_waits_triggers_and_sells() -> None:
    """A stop below the market waits, holds the coins, and sells at the market's price when it is reached."""
    desk = exchange(sol="3")
    at = PEAK_MS
    stop = (desk.price("sol_jpy", at) * Decimal("0.98")).quantize(Decimal("0.01"))
    order = desk.place(asked("market_sell", amount=Decimal(3), stop_loss_rate=stop), at)
    assert order.status is Status.WAITING_FOR_TRIGGER
    assert (desk.ledger.free("sol"), desk.ledger.reserved("sol")) == (0, 3)
    desk.settle(at + 300 * CANDLE_MS)
    assert order.status is Status.FILLED
    sold = [fill.price for fill in desk.ledger.fills]
    assert all(stop * Decimal("0.99") < price < stop for price in sold)


def test_stop_that_is_passed_already_triggers_at_once() -> None:
    """A sell stop above the market does not wait."""
    desk = exchange(sol="1")
    at = START_MS + 50 * CANDLE_MS
    stop = (desk.price("sol_jpy", at) * Decimal("1.01")).quantize(Decimal("0.01"))
    assert desk.place(asked("market_sell", amount=Decimal(1), stop_loss_rate=stop), at).status is Status.FILLED


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
@settings(max_examples=20)
def test_looking_often_or_seldom_makes_no_difference(steps: list[int]) -> None:
    """Settled in one jump or in many steps, the same fills happen at the same times."""
    at = START_MS + 20 * CANDLE_MS
    end = at + sum(steps) * CANDLE_MS

    def play(moments: list[int]) -> list[Any]:
        desk = exchange(sol="5")
        price = desk.price("sol_jpy", at)
        for ratio, kind in (("0.99", "buy"), ("1.01", "sell"), ("1.03", "sell"), ("0.97", "buy")):
            desk.place(asked(kind, rate=(price * Decimal(ratio)).quantize(Decimal("0.01")), amount=Decimal(1)), at)
        stop = (price * Decimal("0.98")).quantize(Decimal("0.01"))
        desk.place(asked("market_sell", amount=Decimal(1), stop_loss_rate=stop), at)
        for moment in moments:
            desk.settle(moment)
        return desk.ledger.fills

    seldom = play([end])
    moments = [at + sum(steps[: n + 1]) * CANDLE_MS for n in range(len(steps))]
    assert play(moments) == seldom
    assert [fill.at_ms for fill in seldom] == sorted(fill.at_ms for fill in seldom)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "market_buy", "market_sell", "cancel", "wait", "stop"]),
        st.sampled_from(sorted(PAIRS)),
        st.integers(1, 40),
        st.integers(960, 1040),
    ),
    max_size=40,
)


@given(ACTIONS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_done_the_books_add_up(actions: list[tuple[str, str, int, int]]) -> None:
    """After any orders, cancels and waiting: money is conserved, nothing is below zero, only open orders hold any."""
    desk = exchange(300_000, btc="0.01", sol="10")
    now = START_MS + 20 * CANDLE_MS
    for kind, pair, size, ratio in actions:
        now += 30_000
        with suppress(Refused):
            act(desk, kind, pair, size, ratio, now)
        now += size * 60_000 if kind == "wait" else 0
        desk.settle(now)
        check(desk)


def act(desk: Exchange, kind: str, pair: str, size: int, ratio: int, now: int) -> None:
    """One thing a client may do; sizes and prices are made from small numbers."""
    tick, amount = Decimal("1" if pair == "btc_jpy" else "0.01"), Decimal(size) / (1000 if pair == "btc_jpy" else 20)
    rate = (desk.price(pair, now) * ratio / 1000 / tick).to_integral_value() * tick
    nothing = {"rate": None, "amount": None, "market_buy_amount": None, "stop_loss_rate": None}
    if kind == "cancel":
        desk.cancel(12_345 + size, now)
    elif kind == "market_buy":
        desk.place(Asked(pair, kind, **{**nothing, "market_buy_amount": Decimal(size * 1000)}, time_in_force=""), now)
    elif kind in {"buy", "sell"}:
        desk.place(Asked(pair, kind, **{**nothing, "rate": rate, "amount": amount}, time_in_force=""), now)
    elif kind != "wait":
        stop = rate if kind == "stop" else None
        wanted = {**nothing, "amount": amount, "stop_loss_rate": stop}
        desk.place(Asked(pair, "market_sell", **wanted, time_in_force=""), now)


def check(desk: Exchange) -> None:
    """The invariants of the exchange."""
    ledger = desk.ledger
    assert not any(ledger.difference().values())
    for currency in ledger.start:
        assert ledger.free(currency) >= 0
        held = sum(order.held for order in desk.orders.values() if order.pays_with == currency)
        assert ledger.reserved(currency) == held
    for order in desk.orders.values():
        assert order.is_open or order.held == 0
        assert order.executed_amount == sum(fill.amount for fill in ledger.fills if fill.order_id == order.id)
        assert spent_within(order)


def spent_within(order: Order) -> bool:
    """No order fills more than it asked for."""
    if order.market_buy_amount is not None:
        return order.executed_jpy <= order.market_buy_amount
    return order.amount is not None and order.executed_amount <= order.amount
