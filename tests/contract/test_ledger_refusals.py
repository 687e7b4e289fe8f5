"""The Ledger port on DynamoDB: refusals that say nothing about the books, and what DynamoDB leaves aside."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Contended, not_conditions
from adapters.dynamodb.ledger import RACES
from tests.contract.books import NOW, STRATEGY, accepted, buy, decision, filled
from trading.errors import Conflict, Halt, Transient, Unknown
from trading.order import Trade
from trading.position import opened


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["None", "TransactionConflict"], Transient),
        (["TransactionInProgress"], Transient),
        (["TransactionInProgressException", "None"], Transient),
        (["ThrottlingError"], Transient),
        (["ThrottlingException"], Transient),
        (["ProvisionedThroughputExceeded", "TransactionConflict"], Transient),
        (["ProvisionedThroughputExceededException"], Transient),
        (["RequestLimitExceeded"], Transient),
        (["ItemCollectionSizeLimitExceeded"], Halt),
        (["ValidationError", "TransactionConflict"], Halt),
        (["None", "ConditionalCheckFailed"], None),
    ],
)
def test_a_cancelled_transaction_says_who_acts(codes, kind):
    """Contention is tried again, a wrong request needs a person, a failed condition is told by the caller."""
    error = not_conditions([{"Code": code} for code in codes])
    assert error is None if kind is None else isinstance(error, kind)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_contention_leaves_nothing_and_is_transient(code):
    """A transaction that met another one, or a limit, may be sent again; one that also lost has lost."""
    reply = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": code}] * 2}

    def refuse(**_):
        raise ClientError(reply, "TransactWriteItems")

    write = Write("Delete", "t", {"pk": "x"}, "x")
    dynamo = Dynamo(SimpleNamespace(transact_write_items=refuse))
    with pytest.raises(Transient, match="met another one"):
        dynamo.write(write, write)
    reply["CancellationReasons"][1] = {"Code": "ConditionalCheckFailed"}
    with pytest.raises(Conflict, match="somebody else wrote first: x"):
        dynamo.write(write, write)


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


@pytest.mark.parametrize("met", [0, RACES - 1, RACES])
def test_a_fill_that_meets_others_is_tried_again_some_times(ledger, met):
    """Contention left nothing, so the same transaction is sent again; when it never ends, it is Transient."""
    ledger.book(decision(buy()))
    trade = filled(accepted(ledger, Trade(buy())))
    real, left = ledger._dynamo.write, [met]

    def meeting(*writes):
        if left[0]:
            left[0] -= 1
            raise Contended("met another one")
        real(*writes)

    ledger._dynamo.write = meeting
    with pytest.raises(Transient) if met == RACES else nullcontext():
        ledger.open_position(trade, opened(trade, trade.executed, NOW, STRATEGY))
    assert ledger.totals().coins.keys() == (set() if met == RACES else {"BTC"})
