"""A day's report: sums agree to the last digit, nothing is guessed, and every quiet hour is explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.days import DAY, PAIRS, START, a_day, bought, generated_candles, jpy, refused, sold
from trading.money import Price, yen
from trading.order import Event, Status, Trade
from trading.position import Position
from trading.report import SAID_NO, DayBooks, DayReport, PairDay, day_report, judgement
from trading.report.why import bought_because, sold_because

END = START + DAY
HOUR = timedelta(hours=1)
EARLY = START + timedelta(minutes=1)
SOL, AVAX = next(p for p in PAIRS if p.coin == "SOL"), next(p for p in PAIRS if p.coin == "AVAX")


def row(at: datetime, score: float | None = 0.1, **more: Any) -> dict[str, Any]:
    """A signal row as booked, with the few keys a test is about."""
    base = {"timestamp": int(at.timestamp()), "decision_id": f"AN-{at:%d%H%M}", "action": "HOLD", "score": score}
    return base | {"buy_threshold": 0.28, "sell_threshold": -0.15} | more


def report_of(rows: list[dict[str, Any]], **books: Any) -> DayReport:
    return day_report(START, END, DayBooks(signals={SOL.key: rows}, **books))


def pair_of(rows: list[dict[str, Any]]) -> PairDay:
    return report_of(rows).pairs[0]


minutes = st.integers(-600, 2040).map(lambda minute: START + timedelta(minutes=minute))
prices = st.floats(0.01, 90_000, allow_nan=False).map(lambda price: round(price, 4))


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Trade], Position, dict[str, Price[Any]]]:
    """A position from its entry on, sold or not, at any time around the day, with or without a last price."""
    pair, at = draw(st.sampled_from(PAIRS)), draw(minutes)
    trade, position = bought(pair, at, draw(prices), draw(st.integers(500, 15_000)), "because")
    known = {pair.key: jpy(pair, draw(prices))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        leave, position = sold(position, at + timedelta(minutes=draw(st.integers(0, 900))), draw(prices), "stop")
        return [trade, leave], position, known
    return [trade], position, known


@st.composite
def days(draw: st.DrawFn) -> DayBooks:
    """Any books: positions, refusals, rows of junk and of sense."""
    drawn = draw(st.lists(lives(), max_size=5))
    stopped = [refused(AVAX, at, draw(st.sampled_from(["", "spread", "stale"]))) for at in draw(st.lists(minutes))[:3]]
    scores = st.none() | st.floats(-1, 1)
    made = draw(st.lists(st.tuples(minutes, scores), max_size=6))
    known: Mapping[str, Price[Any]] = {key: price for life in drawn for key, price in life[2].items()}
    return DayBooks(
        signals={SOL.key: [row(at, score) for at, score in made]},
        trades=[trade for life in drawn for trade in life[0]] + stopped,
        positions=[life[1] for life in drawn],
        prices=known,
    )


@given(days())
def test_profit_is_the_sum_over_positions(books: DayBooks) -> None:
    """Realised = exactly what the positions closed in the day booked; unrealised = bid x size - cost of the priced."""
    money = day_report(START, END, books).money
    closed = [p for p in books.positions if p.closed_at is not None and START < p.closed_at <= END]
    held = [p for p in books.positions if p.opened_at <= END and (p.closed_at is None or p.closed_at > END)]
    assert money.realized_pnl_jpy == sum((p.realized_pnl.number for p in closed if p.realized_pnl is not None), 0)
    priced = [p for p in held if p.pair in books.prices]
    assert money.unrealized_pnl_jpy == sum(
        (books.prices[p.pair].number * p.size.number - p.cost.number for p in priced), 0
    )
    assert sorted(money.unpriced) == sorted(p.pair for p in held if p.pair not in books.prices)
    assert money.wins + money.losses + money.even == len(closed)


@given(days())
def test_counts_add_up(books: DayBooks) -> None:
    """Every order has one status, every position one end, every analysis one decision, every refusal one reason."""
    report = day_report(START, END, books)
    in_day = [t for t in books.trades if START < t.intent.created_at <= END]
    assert sum(report.orders_by_status.values()) == len(report.orders) == len(in_day)
    assert report.closed + report.open_at_end == len(report.positions)
    assert report.opened == sum(START < p.opened_at <= END for p in books.positions)
    assert sum(report.exits_by_reason.values()) == report.closed
    assert sum(report.decisions.values()) == report.analyses
    assert sum(report.health.refusals.values()) == sum(t.status in SAID_NO for t in in_day)


@given(days())
def test_every_hour_is_traded_or_explained(books: DayBooks) -> None:
    """The quiet spans and the hours with a filled order are the whole day, once each; every span has a reason."""
    report = day_report(START, END, books)
    quiet = [span.start + HOUR * i for span in report.quiet for i in range((span.end - span.start) // HOUR)]
    busy = {
        (o.at - timedelta(seconds=1)).replace(minute=0, second=0) for o in report.orders if o.status is Status.FILLED
    }
    assert len(quiet) == len(set(quiet))
    assert sorted({*quiet, *busy}) == [START + HOUR * i for i in range(24)]
    assert not busy.intersection(quiet)
    assert all(span.why for span in report.quiet)


@given(days())
def test_json_keeps_every_digit(books: DayBooks) -> None:
    """A report read back from its JSON is the same report; money travels as text, never as a JSON number."""
    report = day_report(START, END, books)
    assert DayReport.from_json(report.to_json()) == report
    raw = json.loads(report.to_json(), parse_float=_only_scores)
    assert isinstance(raw["money"]["realized_pnl_jpy"], str)
    for line in raw["positions"] + raw["orders"]:
        assert all(isinstance(v, str | None) for k, v in line.items() if k.endswith("_jpy") or k == "size")


def _only_scores(text: str) -> float:
    assert abs(float(text)) < 2, f"{text} is no score: money as a JSON number"
    return float(text)


def test_a_day_begins_where_the_last_one_ended() -> None:
    """What happens at the moment of reporting is in that report, not in the next: nothing is lost or doubled."""
    trade, position = bought(SOL, END, 130.0, 15_000, "because")
    leave, closed = sold(position, END + DAY, 140.0, "stop")
    books = DayBooks(
        signals={SOL.key: [row(START), row(END), row(END + DAY)]},
        trades=[trade, leave],
        positions=[closed],
        prices={SOL.key: jpy(SOL, 135.0)},
    )
    today, tomorrow = day_report(START, END, books), day_report(END, END + DAY, books)
    assert (today.analyses, tomorrow.analyses) == (1, 1)
    assert (len(today.orders), len(tomorrow.orders)) == (1, 1)
    assert (today.opened, today.closed, today.open_at_end) == (1, 0, 1)
    assert (tomorrow.opened, tomorrow.closed, tomorrow.open_at_end) == (0, 1, 0)
    assert today.money.realized_pnl_jpy == 0 < tomorrow.money.realized_pnl_jpy
    assert (today.positions[0].exit_reason, tomorrow.positions[0].bought_because) == ("", "because")
    assert not day_report(END + DAY, END + DAY * 2, books).positions


def test_i16_the_distance_to_the_threshold_is_shown() -> None:
    """I16: per pair the best score, and the least distance to the threshold of its own moment, which may be another."""
    calm, nervous = row(EARLY, 0.20, buy_threshold=0.22), row(EARLY + HOUR, 0.30, buy_threshold=0.56)
    pair = pair_of([calm, nervous, row(EARLY + 2 * HOUR, None)])
    assert pair.best is not None
    assert pair.closest is not None
    assert (pair.best.score, pair.closest.score) == (0.30, 0.20)
    assert round(pair.short_by or 0, 6) == 0.02
    assert (pair.analyses, pair.scored) == (3, 2)


def test_i18_missing_inputs_and_stand_ins_are_counted() -> None:
    """I18: a missing input, a forecast that stood in and a neutral input are counted by reason, never defaulted."""
    report = report_of(
        [
            row(EARLY, None, missing=["technical"], forecast={"model": "momentum-fallback"}),
            row(EARLY + HOUR, 0.1, forecast={"fallback_reason": "endpoint throttled"}, sentiment={"note": "stale"}),
        ]
    )
    assert report.health.missing == {"technical": 1}
    assert report.health.fallbacks == {"no reason given": 1, "endpoint throttled": 1}
    assert report.health.neutral == {"sentiment: stale": 1}
    assert report.pairs[0].judgements[0].score is None


def test_what_changes_in_a_note_is_not_counted_apart() -> None:
    """The age of stale news differs every time: it is one line, counted, with the last detail."""
    rows = [
        row(EARLY + HOUR * i, 0.1, sentiment={"note": f"{i} h old"}, missing=[f"chart: {i} rows"]) for i in range(3)
    ]
    health = report_of(rows).health
    assert (health.missing, health.neutral) == ({"chart: 2 rows": 3}, {"sentiment: 2 h old": 3})


def test_a_trade_tells_the_scores_that_led_to_it() -> None:
    """A trade booked as SIGNAL is told by the score of its own analysis, a stop in words."""
    at, weights = EARLY + HOUR, {"technical": 0.5, "forecast": 0.5, "context": 0.1}
    trade, position = bought(SOL, at, 130.0, 15_000)
    leave, closed = sold(position, at + HOUR, 129.0, "SIGNAL")
    up = {"technical": 0.5, "forecast": 0.2, "context": -0.4}
    rows = [
        row(at, 0.31, components=up, weights=weights) | {"decision_id": trade.intent.decision_id},
        row(at + HOUR, -0.2, components={"forecast": -0.6}, weights=weights)
        | {"decision_id": leave.intent.decision_id},
    ]
    (line,) = report_of(rows, trades=[trade, leave], positions=[closed]).positions
    assert line.bought_because == "score +0.31, +0.28 was needed; most from technical +0.50 and forecast +0.20"
    assert line.sold_because == "score -0.20, at or under -0.15 is sold; most from forecast -0.60"
    (bare,) = report_of([], trades=[], positions=[replace(closed, exit_reason="TRAILING_STOP")]).positions
    assert (bare.bought_because, bare.exit_reason) == ("", "TRAILING_STOP")
    assert bare.sold_because.startswith("trailing stop:")
    thought = judgement(SOL.key, rows[0])
    assert (bought_because("a whim", thought), sold_because("a whim", thought)) == ("a whim", "a whim")


def test_a_pair_that_is_held_is_no_missed_buy() -> None:
    """The closest call is of moments at which the pair was free to be bought, that of its purchase included."""
    _, position = bought(SOL, EARLY + HOUR, 130.0, 15_000)
    rows = [row(EARLY, 0.2), row(EARLY + HOUR, 0.3), row(EARLY + 2 * HOUR, 0.9)]
    report = report_of(rows, positions=[position], prices={SOL.key: position.entry_price})
    assert report.pairs[0].closest is not None
    assert (report.pairs[0].closest.score, report.pairs[0].best and report.pairs[0].best.score) == (0.3, 0.9)
    _, closed = sold(position, EARLY + 3 * HOUR, 131.0, "stop")
    after = report_of([*rows, row(EARLY + 4 * HOUR, 0.31)], positions=[closed]).pairs[0].closest
    assert after is not None
    assert after.score == 0.31
    held = report_of([row(EARLY + 2 * HOUR, 0.9)], positions=[position])
    assert held.pairs[0].closest is None
    assert "held already" in next(span.why for span in held.quiet if span.kind == "below")


def test_the_kinds_of_quiet() -> None:
    """No analysis, no score, a stopped order and a low score are told apart, and neighbours of a kind are joined."""
    stop = refused(SOL, EARLY + 3 * HOUR, "spread 1.4 %")
    rows = [row(EARLY + HOUR, None, missing=["technical"]), row(EARLY + 2 * HOUR, 0.2)]
    spans = report_of([*rows, row(EARLY + 3 * HOUR, 0.3)], trades=[stop]).quiet
    assert [span.kind for span in spans] == ["silent", "blind", "below", "stopped", "silent"]
    assert spans[-1].end - spans[-1].start == 20 * HOUR
    assert [span.analyses for span in spans] == [0, 1, 1, 1, 0]
    assert "missing input: technical" in spans[1].why
    assert "SOL, 0.08 short" in spans[2].why
    assert "SOL BUY REFUSED: spread 1.4 %" in spans[3].why


def test_an_analysis_on_the_hour_is_of_the_hour_that_ends() -> None:
    """Like the day, an hour holds its end: an analysis at 01:00 explains the hour before."""
    assert [span.analyses for span in report_of([row(START + HOUR)]).quiet] == [1, 0]


def test_a_decision_without_an_order_is_not_explained_away() -> None:
    """A BUY that left no order in the books is told as such, not as a low score."""
    (span,) = (s for s in report_of([row(EARLY, 0.4, action="BUY", chosen=True)]).quiet if s.kind == "stopped")
    assert "no order of it is in the books" in span.why


def test_a_threshold_reached_without_a_buy_says_why() -> None:
    """A score over its threshold that was not bought shows the booked reason."""
    first = report_of([row(EARLY, 0.4, reasons=["kill switch"])]).quiet[0]
    assert first.why == "SOL reached its threshold but was not bought: kill switch"


def test_wins_losses_and_neither() -> None:
    """A sale above what was paid is a win, below a loss, and at exactly that neither."""
    ends = [sold(bought(SOL, EARLY, 130.0, 15_000)[1], EARLY + HOUR, price, "x")[1] for price in (131.0, 129.0, 130.0)]
    money = report_of([], positions=ends).money
    assert (money.wins, money.losses, money.even) == (1, 1, 1)


def test_a_close_without_a_result_is_said() -> None:
    """A position closed without a booked result is in no sum, and a note says so."""
    _, closed = sold(bought(SOL, EARLY, 130.0, 15_000, "x")[1], EARLY + HOUR, 131.0, "stop")
    report = report_of([], positions=[replace(closed, realized_pnl=None)])
    assert (report.money.realized_pnl_jpy, report.closed) == (Decimal(0), 1)
    assert closed.position_id in report.notes[-1]


def test_an_unknown_order_shows() -> None:
    """An order without an answer is listed with the refusals: it needs eyes."""
    trade = Trade(bought(SOL, EARLY, 130.0, 15_000, "x")[0].intent).on(Event.CLAIM, EARLY).on(Event.SEND, EARLY)
    assert report_of([], trades=[trade.on(Event.LOSE, EARLY, note="timeout")]).health.refusals == {
        "UNKNOWN: timeout": 1
    }


def test_a_plausible_day() -> None:
    """The made-up day adds up: equity moved by exactly what was realised and what is held at its last price."""
    report = a_day({pair.key: generated_candles(pair) for pair in PAIRS})
    money = report.money
    assert money.equity_end_jpy == yen(100_000).number + money.realized_pnl_jpy + money.unrealized_pnl_jpy
    assert (report.opened, report.closed, report.open_at_end) == (3, 2, 1)
    assert report.decisions == {"BUY": 3, "SELL": 2, "HOLD": report.analyses - 5}
