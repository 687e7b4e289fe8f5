"""The Lineage port on every backend: a chain that grows at its end only, whoever writes, and whatever is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from adapters.dynamodb.candles import DynamoCandles
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.lineage import DynamoLineage
from adapters.provision import provision
from tests.contract import backends
from tests.days import generated_candles
from tests.services.past import BTC
from trading.errors import Halt, Transient, Unknown
from trading.lineage.chain import faults_of, sha256_of
from trading.ports.lineage import Head
from trading.tables import LINEAGE, PRICES

DAY = date(2100, 3, 5)  # DynamoDB Local forgets at once what has outlived its time
every_backend = pytest.mark.parametrize("aws", backends.ALL, indirect=True)
in_memory = pytest.mark.parametrize("aws", backends.QUICK, indirect=True)


@pytest.fixture
def chain(aws, names) -> DynamoLineage:
    """Days without records."""
    provision(names, aws, tables=(LINEAGE, PRICES), queues=(), buckets=())
    return DynamoLineage(names, Dynamo(aws.dynamodb))


def whole(chain, day=DAY):
    """A day's records, after nothing wrong was found in them."""
    links = chain.day(day)
    assert faults_of(day, links, chain.head(day)) == []
    return links


@every_backend
def test_records_come_back_in_order_each_hashed_over_the_one_before(chain):
    """Ten records, more than a page, are one chain from an empty hash to the head; other days have their own."""
    written = [chain.append(DAY, f'{{"n":{number}}}') for number in range(10)]
    other = chain.append(DAY + timedelta(days=1), '{"n":0}')
    assert whole(chain) == written
    assert [link.number for link in written] == list(range(1, 11))
    assert written[0].sha256 == other.sha256 == sha256_of("", '{"n":0}')
    assert chain.head(DAY) == Head(10, written[-1].sha256)
    assert chain.link(written[3].record_id) == written[3] != chain.link(other.record_id) == other
    assert chain.link("LN-21000305-0011") is None is chain.link("LN-21000305-0000") is chain.link("TRD-1")
    assert chain.head(DAY - timedelta(days=1)) is None


@pytest.mark.parametrize("aws", backends.ON_A_WIRE, indirect=True)
def test_writers_at_once_make_one_chain(chain):
    """Four threads that add four records each, trying again when told to, end in one whole chain of sixteen."""

    def added(body):
        while True:
            try:
                return chain.append(DAY, body).number
            except Transient:
                continue

    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(added, [f'{{"n":{number}}}' for number in range(16)]))
    assert sorted(numbers) == [link.number for link in whole(chain)] == list(range(1, 17))


@in_memory
def test_a_record_whose_reply_was_lost_is_not_added_twice(chain, monkeypatch):
    """The write was done and its answer never came, or it was not done: either way the record is there once."""
    chain.append(DAY, "{}")
    real = chain._dynamo.write

    def lost(*writes, arrives):
        if arrives:
            real(*writes)
        monkeypatch.setattr(chain._dynamo, "write", real)
        raise Unknown("no answer")

    for number, arrives in ((2, True), (3, False)):
        monkeypatch.setattr(chain._dynamo, "write", partial(lost, arrives=arrives))
        assert chain.append(DAY, f'{{"n":{number}}}').number == number
        assert chain.append(DAY, f'{{"n":{number}}}').number == number
    assert len(whole(chain)) == 3


@in_memory
def test_a_table_that_never_answers_is_unknown(chain, monkeypatch):
    """Two lost replies in a row end the attempt: whether the record is there is not known."""

    def lost(*_):
        raise Unknown("no answer")

    monkeypatch.setattr(chain._dynamo, "write", lost)
    with pytest.raises(Unknown):
        chain.append(DAY, "{}")


@in_memory
def test_who_is_always_late_may_try_again(chain, monkeypatch):
    """A head that moves between every look and write gives Transient, and nothing of ours is written."""
    real = chain.head

    def overtaken(day):
        seen = real(day)
        monkeypatch.setattr(chain, "head", real)
        chain.append(day, f'{{"faster than":{seen.count if seen else 0}}}')
        monkeypatch.setattr(chain, "head", overtaken)
        return seen

    monkeypatch.setattr(chain, "head", overtaken)
    with pytest.raises(Transient, match="other writers 5 times"):
        chain.append(DAY, '{"ours":1}')
    monkeypatch.undo()
    assert len(whole(chain)) == 5
    assert not any("ours" in link.body for link in chain.day(DAY))


@in_memory
def test_an_item_of_somebody_else_needs_a_person(chain, aws, names):
    """A record without its body is Halt, not an empty record."""
    key = {"day": {"S": DAY.isoformat()}, "number": {"N": "1"}}
    aws.dynamodb.put_item(TableName=names.table(LINEAGE), Item={**key, "sha256": {"S": "x"}, "previous": {"S": ""}})
    with pytest.raises(Halt, match="no readable body"):
        chain.day(DAY)


@in_memory
def test_the_payload_of_a_candle_is_found(chain, aws, names):
    """Each stored candle names the payload it was read from; one that names none is not in the answer."""
    candles = generated_candles(BTC, seed=1, count=6)
    store = DynamoCandles(names, Dynamo(aws.dynamodb))
    store.put(BTC, candles.head(2), raw="binance/one.json.gz")
    store.put(BTC, candles.iloc[2:4], raw="binance/two.json.gz")
    store.put(BTC, candles.tail(2))
    times = [at.to_pydatetime() for at in candles["open_time"]]
    found = chain.raw_keys(BTC.key, times[1], times[5])
    assert found == {
        times[1]: "binance/one.json.gz", times[2]: "binance/two.json.gz", times[3]: "binance/two.json.gz"
    }  # fmt: skip
    assert chain.raw_keys(BTC.key, datetime(2100, 1, 1, tzinfo=UTC), datetime(2100, 1, 2, tzinfo=UTC)) == {}
