"""The Ledger port on DynamoDB: the rows of a decision stand, whoever analyses the same time again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.books import NOW, PAIRS, accepted, bought, buy, decision, sell
from trading.errors import Unknown
from trading.services import decide


def said(ledger, at=NOW):
    """The score of each pair's row of a time."""
    return {pair: row["score"] for pair in PAIRS for row in ledger.signals_of(pair, at, at)}


def saying(score, *intents, pairs=PAIRS, **more):
    """A decision whose rows all say this score."""
    made = decision(*intents, pairs=pairs, **more)
    return replace(made, signals=[{**row, "score": score} for row in made.signals])


@pytest.mark.parametrize("moved_on", [False, True])
def test_the_rows_of_a_booked_trade_are_those_it_was_decided_by(ledger, moved_on):
    """The same time analysed again says otherwise, with or without the trade: what explains the trade stands."""
    ledger.book(saying(0.9, buy()))
    if moved_on:
        accepted(ledger, ledger.trade(buy().trade_id))
    for again in (saying(-0.9), saying(-0.9, buy())):
        ledger.book(again)
        assert said(ledger) == dict.fromkeys(PAIRS, 0.9)


def test_rows_without_a_trade_stand_too(ledger):
    """What a HOLD was decided by is history as well."""
    ledger.book(saying(0.1))
    ledger.book(saying(-0.1))
    assert said(ledger) == dict.fromkeys(PAIRS, 0.1)


def test_a_trade_that_comes_with_the_second_analysis_brings_its_own_row(ledger):
    """A HOLD, or another pair's trade, stood before: only the row of the new trade's pair is the new one."""
    ledger.book(saying(0.1))
    ledger.book(saying(0.5, buy()))
    ledger.book(saying(0.7, buy(pair="eth_usdt")))
    assert said(ledger) == {**dict.fromkeys(PAIRS, 0.1), "btc_usdt": 0.5, "eth_usdt": 0.7}


def test_other_pairs_of_the_same_time_get_their_rows(ledger):
    """Two analyses of one time over different pairs are both recorded."""
    ledger.book(saying(0.1, buy(), pairs=PAIRS[:1]))
    ledger.book(saying(0.2, pairs=PAIRS))
    assert said(ledger) == {**dict.fromkeys(PAIRS, 0.2), PAIRS[0]: 0.1}


def test_a_taken_pair_still_leaves_the_rows_of_its_own_time(ledger):
    """The intent comes too late, the rows are written without it; of a time analysed before, that time's rows stand."""
    ledger.book(saying(0.1, buy()))
    later = NOW + timedelta(minutes=5)
    for score in (0.3, 0.4):
        ids, why = decide.book(saying(score, buy("A2"), name="A2", at=later), ledger)
        assert (ids, len(why)) == ([], 1)
    assert said(ledger, later) == dict.fromkeys(PAIRS, 0.3)
    assert said(ledger) == dict.fromkeys(PAIRS, 0.1)


def test_an_exit_brings_its_row(ledger):
    """A decision to sell is explained by the rows it was booked with."""
    position = bought(ledger)
    at = NOW + timedelta(minutes=5)
    ledger.book(saying(0.1, name="A2", at=at))
    ledger.book(saying(-0.8, sell(position, "A2"), name="A2", at=at))
    ledger.book(saying(0.2, name="A2", at=at))
    assert said(ledger, at) == {**dict.fromkeys(PAIRS, 0.1), "btc_usdt": -0.8}


def test_rows_written_between_reading_and_writing_stand(ledger):
    """Another analysis of the same time gets in between: the late one finds its rows, whichever of them trades."""
    real = ledger._dynamo.write

    def after_another(booking):
        def write(*writes):
            ledger._dynamo.write = real
            ledger.book(booking)
            real(*writes)

        return write

    ledger._dynamo.write = after_another(saying(0.9, buy()))
    ledger.book(saying(-0.9))
    assert said(ledger) == dict.fromkeys(PAIRS, 0.9)
    ledger._dynamo.write = after_another(saying(0.1, name="A2", at=NOW + timedelta(minutes=1)))
    trade = buy("A2", "eth_usdt")
    assert ledger.book(saying(0.5, trade, name="A2", at=NOW + timedelta(minutes=1))) == [trade.trade_id]
    assert said(ledger, NOW + timedelta(minutes=1)) == {**dict.fromkeys(PAIRS, 0.1), "eth_usdt": 0.5}


def test_a_booking_of_several_transactions_is_begun_again(ledger):
    """The first transactions stand and the last one got no answer: the rows that stand are in nobody's way."""
    pairs = tuple(f"c{number}_usdt" for number in range(130))
    real, sent = ledger._dynamo.write, []

    def losing(*writes):
        sent.append(writes)
        if len(sent) == 3:
            raise Unknown("no answer")
        real(*writes)

    ledger._dynamo.write = losing
    assert ledger.book(saying(0.2, buy(pair=pairs[0]), pairs=pairs)) == [buy(pair=pairs[0]).trade_id]
    assert len(sent) > 3
    assert [row["score"] for pair in pairs for row in ledger.signals_of(pair, NOW, NOW)] == [0.2] * len(pairs)
