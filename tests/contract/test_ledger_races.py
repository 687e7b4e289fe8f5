"""The Ledger port on DynamoDB: two writers at once, and replies that never come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.contract.books import (
    NOW,
    PAIRS,
    STRATEGY,
    accepted,
    bought,
    buy,
    claimed,
    decision,
    execution,
    filled,
    lost_replies,
    raised,
    sell,
)
from trading.errors import Conflict, Transient, Unknown
from trading.money import Quantity, yen
from trading.order import Event, Status, Trade
from trading.position import PositionStatus, closed, closing, opened, reopened
from trading.reconciliation import Totals

LOST, NOT_THERE = ReadTimeoutError(endpoint_url="x"), EndpointConnectionError(endpoint_url="x")


def race(*steps):
    """Run steps at the same moment; what each gave, or the Conflict that it lost by."""
    start = Barrier(len(steps))

    def run(step):
        start.wait()
        try:
            return step()
        except Conflict as lost:
            return lost

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


def winners(found):
    return [one for one in found if not isinstance(one, Conflict)]


def test_of_two_analyses_one_gets_the_pair(ledger):
    """I20: decisions that race for the same pair book one entry between them, every time."""
    for number in range(12):
        pair = f"c{number}_usdt"
        bookings = [decision(buy(name, pair), name=name, pairs=(pair,)) for name in (f"A{number}", f"B{number}")]
        found = race(*(lambda booking=booking: ledger.book(booking) for booking in bookings))
        assert len(winners(found)) == 1
        assert len([trade for trade in ledger.pending_trades() if trade.intent.pair == pair]) == 1


def test_the_same_analysis_run_twice_books_once(ledger):
    """I20: two runs of one decision both learn the same trade; there is one."""
    found = race(*[lambda: ledger.book(decision(buy()))] * 3)
    assert found == [["TRD-A1-btc_usdt-BUY"]] * 3
    assert len(ledger.pending_trades()) == 1


def test_a_late_run_does_not_book_a_refused_trade_again(ledger):
    """Two runs of one decision read at once; one books, its trade is refused, its slot freed; then the other writes."""
    dynamo, real = ledger._dynamo, ledger._dynamo.get_all
    refused = claimed(Trade(buy())).on(Event.REFUSE, NOW, note="stale")

    def read_long_ago(*_):
        dynamo.get_all = real
        ledger.book(decision(buy()))
        ledger.save_trade(claimed(Trade(buy())))
        ledger.drop_trade(refused, NOW)
        return []

    dynamo.get_all = read_long_ago
    assert ledger.book(decision(buy())) == [buy().trade_id]
    assert ledger.trade(buy().trade_id) == refused
    assert ledger.pending_trades() == []


def test_of_two_executors_one_gets_the_claim(ledger):
    """I1: a trade is claimed once, also when both executors use the same token at the same moment."""
    for number in range(8):
        intent = buy(f"A{number}", f"c{number}_usdt")
        ledger.book(decision(intent, name=f"A{number}", pairs=()))
        found = race(*[lambda intent=intent: ledger.save_trade(claimed(Trade(intent)))] * 2)
        assert len(winners(found)) == 1


def test_an_exit_and_a_look_at_the_price_do_not_both_win(ledger):
    """Booking an exit and saving a peak change the same version: one loses and reads again."""
    position = bought(ledger)
    found = race(
        lambda: ledger.book_exit(sell(position), position),
        lambda: ledger.save_position(raised(position)),
    )
    assert len(winners(found)) == 1
    assert ledger.positions_of("btc_usdt") == [ledger.position(position.position_id)]


def test_dropping_an_exit_survives_a_look_at_the_price(ledger):
    """The position was saved between the reading and the writing: it is read again, and given back as it is."""
    position = bought(ledger)
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    trade = claimed(ledger.trade(exit_.trade_id))
    ledger.save_trade(trade)
    seen = raised(closing(position, exit_.trade_id))
    read = ledger.position

    def read_then_moved(position_id):
        found = read(position_id)
        if found.version < seen.version:
            ledger.save_position(seen)
        return found

    ledger.position = read_then_moved
    ledger.drop_trade(trade.on(Event.REFUSE, NOW, note="kill switch"), NOW)
    assert read(position.position_id) == reopened(seen, NOW)


def test_dropping_an_exit_leaves_a_position_alone_that_it_no_longer_closes(ledger):
    """A position that something else closed meanwhile stays closed."""
    position = bought(ledger)
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    ledger.position = lambda _: replace(position, status=PositionStatus.CLOSED)
    dropped = claimed(Trade(exit_)).on(Event.REFUSE, NOW)
    ledger.save_trade(claimed(Trade(exit_)))
    ledger.drop_trade(dropped, NOW)
    assert ledger.trade(exit_.trade_id) == dropped
    assert [one.status for one in ledger.open_positions()] == [PositionStatus.CLOSING]


def test_fills_of_many_pairs_at_one_moment_are_all_counted(ledger):
    """They meet at the one counter: each is added, whoever comes first, and none of them fails by it."""
    intents = [buy(f"A{number}", f"c{number}_usdt") for number in range(6)]
    ledger.book(replace(decision(), intents=intents, signals=(), analysed_pairs=()))
    trades = [filled(accepted(ledger, Trade(intent))) for intent in intents]
    race(*(
        lambda trade=trade: ledger.open_position(trade, opened(trade, trade.executed, NOW, STRATEGY))
        for trade in trades
    ))  # fmt: skip
    bought_coins = {trade.executed.quantity.coin: trade.executed.quantity for trade in trades}
    assert ledger.totals() == Totals(yen("14999.93") * -6, bought_coins)


# ------------------------------------------------------------------------------------------------------ lost replies


def steps(ledger):
    """Every change of the books once, in the order of a life; each gives what must then be true."""
    entry = decision(buy())
    yield (lambda: ledger.book(entry)), lambda: ledger.trade(buy().trade_id) == Trade(buy())
    trade = claimed(Trade(buy()))
    yield (lambda: ledger.save_trade(trade)), lambda: ledger.trade(buy().trade_id) == trade
    done = filled(trade.on(Event.SEND, NOW).on(Event.ACCEPT, NOW, order_id="1"))
    ledger.save_trade(trade.on(Event.SEND, NOW))
    ledger.save_trade(trade.on(Event.SEND, NOW).on(Event.ACCEPT, NOW, order_id="1"))
    position = opened(done, execution(), NOW, STRATEGY)
    yield (lambda: ledger.open_position(done, position)), lambda: ledger.positions_of("btc_usdt") == [position]
    higher = raised(position)
    yield (lambda: ledger.save_position(higher)), lambda: ledger.positions_of("btc_usdt") == [higher]
    first = sell(higher)
    yield (lambda: ledger.book_exit(first, higher)), lambda: ledger.trade(first.trade_id) == Trade(first)
    ledger.save_trade(claimed(Trade(first)))
    dropped = claimed(Trade(first)).on(Event.REFUSE, NOW)
    yield (lambda: ledger.drop_trade(dropped, NOW)), lambda: ledger.trade(first.trade_id) == dropped
    back = ledger.position(position.position_id)
    second = sell(back)
    ledger.book_exit(second, back)
    end = filled(accepted(ledger, ledger.trade(second.trade_id)))
    gone = closed(closing(back, second.trade_id), execution(), "STOP_LOSS", NOW)
    yield (lambda: ledger.close_position(end, gone)), lambda: ledger.position(position.position_id) == gone


def test_a_write_whose_reply_was_lost_is_recognised_as_our_own(ledger, aws):
    """The client sends it again by itself; the second attempt meets the first, and the step succeeds."""
    count = 0
    for step, holds in steps(ledger):
        with lost_replies(aws.dynamodb):
            step()
        assert holds()
        count += 1
    assert count == 7


def test_a_booking_whose_reply_was_lost_is_one_booking(ledger, aws):
    """The client sends the transaction again by itself: the rows it finds are its own, with a trade and without."""
    for number, wanted in enumerate(((buy(),), ())):
        booking = decision(*wanted, name=f"A{1 + number}", at=NOW + timedelta(minutes=number))
        with lost_replies(aws.dynamodb):
            assert ledger.book(booking) == [intent.trade_id for intent in wanted]
        assert all(len(ledger.signals_of(pair, booking.at, booking.at)) == 1 for pair in PAIRS)


def test_a_fill_whose_reply_was_lost_is_counted_once(ledger, aws):
    """The client sends the transaction again by itself; the counter has no condition, but what stands beside it has."""
    ledger.book(decision(buy()))
    trade = filled(accepted(ledger, Trade(buy())))
    position = opened(trade, trade.executed, NOW, STRATEGY)
    with lost_replies(aws.dynamodb):
        ledger.open_position(trade, position)
    assert ledger.totals() == Totals(yen("-14999.93"), {"BTC": position.size})
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    end = filled(accepted(ledger, ledger.trade(exit_.trade_id)))
    with lost_replies(aws.dynamodb):
        ledger.close_position(end, closed(closing(position, exit_.trade_id), end.executed, "STOP_LOSS", NOW))
    assert ledger.totals() == Totals(yen(0), {"BTC": Quantity(Decimal(0), "BTC")})


def test_a_write_that_never_got_an_answer_is_unknown(ledger, aws):
    """It may stand: the error says so, and here it does."""
    ledger.book(decision(buy()))
    with lost_replies(aws.dynamodb, 3), pytest.raises(Unknown, match="may have been written"):
        ledger.save_trade(claimed(Trade(buy())))
    assert ledger.trade(buy().trade_id).status is Status.CLAIMED


def test_a_read_that_never_got_an_answer_is_transient(ledger, aws):
    """Nothing was to happen, so nothing can have happened."""
    with lost_replies(aws.dynamodb, 3, of=("GetItem",)), pytest.raises(Transient):
        ledger.trade("TRD-1")


def test_a_clear_no_after_a_lost_reply_is_not_a_no(ledger, aws):
    """The first attempt is lost, somebody moves on from it, the second attempt fails: it may still have been ours."""
    ledger.book(decision(buy()))
    session, send = aws.dynamodb._endpoint.http_session, aws.dynamodb._endpoint.http_session.send
    trade = claimed(Trade(buy()))

    def overtaken(request):
        session.send = send
        send(request)
        ledger.save_trade(trade.on(Event.SEND, NOW))
        raise LOST

    session.send = overtaken
    try:
        with pytest.raises(Unknown, match="may have been written"):
            ledger.save_trade(trade)
    finally:
        session.send = send


def test_no_connection_after_a_lost_reply_is_unknown(ledger, aws):
    """Whatever the last attempt says, one before it may have arrived."""
    ledger.book(decision(buy()))
    session, send = aws.dynamodb._endpoint.http_session, aws.dynamodb._endpoint.http_session.send
    outcomes = iter([LOST, NOT_THERE, NOT_THERE])

    def failing(_):
        raise next(outcomes)

    session.send = failing
    try:
        with pytest.raises(Unknown):
            ledger.save_trade(claimed(Trade(buy())))
        outcomes = iter([NOT_THERE] * 3)
        with pytest.raises(Transient):
            ledger.save_trade(claimed(Trade(buy())))
    finally:
        session.send = send
