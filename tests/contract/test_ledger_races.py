"""The Ledger port on DynamoDB: two writers at once, and replies that never come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import not_conditions
from tests.contract.books import (
    NOW,
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
from trading.errors import Conflict, Halt, Transient, Unknown
from trading.order import Event, Status, Trade
from trading.position import PositionStatus, closed, closing, opened, reopened
from trading.strategy import Strategy

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
    position = opened(done, execution(), NOW, Strategy())
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


# --------------------------------------------------------------------------------------------- reasons and remainders


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["None", "TransactionConflict"], Transient),
        (["ThrottlingError"], Transient),
        (["ValidationError", "TransactionConflict"], Halt),
        (["None", "ConditionalCheckFailed"], None),
    ],
)
def test_a_cancelled_transaction_says_who_acts(codes, kind):
    """Contention is tried again, a wrong request needs a person, a failed condition is told by the caller."""
    error = not_conditions([{"Code": code} for code in codes])
    assert error is None if kind is None else isinstance(error, kind)


def test_contention_leaves_nothing_and_is_transient():
    """A transaction that met another one raises Transient."""
    reply = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": "TransactionConflict"}] * 2,
    }

    def refuse(**_):
        raise ClientError(reply, "TransactWriteItems")

    write = Write("Delete", "t", {"pk": "x"}, "x")
    with pytest.raises(Transient, match="met another one"):
        Dynamo(SimpleNamespace(transact_write_items=refuse)).write(write, write)


def test_what_dynamodb_leaves_aside_is_asked_for_again(monkeypatch):
    """Unprocessed items and keys are sent until none is left; when that never ends, it is Transient."""
    monkeypatch.setattr("adapters.dynamodb.client.time", SimpleNamespace(sleep=lambda _: None))
    rests = [{"t": [1]}, {"t": [1]}, {}]
    client = SimpleNamespace(batch_write_item=lambda **_: {"UnprocessedItems": rests.pop(0)})
    assert Dynamo(client).put_all("t", [{"pk": {"S": "x"}}] * 3) == 3
    assert rests == []
    stuck = SimpleNamespace(batch_get_item=lambda **_: {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [1]}}})
    with pytest.raises(Transient, match="leaves some aside"):
        Dynamo(stuck).get_all("t", [{"pk": "x"}])


def test_a_decision_meets_so_many_others_that_it_gives_up(ledger):
    """Five lost races in a row are reported as Unknown, not repeated for ever."""
    lost = []

    def losing(*writes):
        lost.append(writes)
        raise Unknown("no answer")

    ledger._dynamo = SimpleNamespace(get_all=lambda *_: [], write=losing)
    with pytest.raises(Unknown, match="may be booked"):
        ledger.book(decision(buy(), at=NOW + timedelta(minutes=5)))
    assert len(lost) == 5
