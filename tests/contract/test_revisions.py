"""The Revisions port on plain memory, on the stand-in and on AWS's own DynamoDB Local."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.revisions import DynamoRevisions
from adapters.provision import provision
from tests.contract import backends
from trading.candles import INTERVAL
from trading.errors import BadInput, Transient
from trading.ports.candles import Revision, Revisions
from trading.tables import REVISIONS

pytestmark = pytest.mark.parametrize("aws", backends.ALL, indirect=True)
PAIRS = count()
START = datetime(2024, 1, 3, tzinfo=UTC)
ONE = Revision(
    "xrp_usdt",
    START,
    START + timedelta(minutes=7),
    (0.27786, 0.27786, 0.27786, 0.27786, 0.0),
    (1.0, 3.0, 0.1, 2.5, 11136217.3),
    "k",
)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
volumes = st.just(0.0) | st.floats(1e-8, 1e15)
values = st.tuples(*[st.floats(1e-8, 1e12)] * 4, volumes)


@pytest.fixture
def port(aws, names) -> Revisions:
    """An empty table."""
    provision(names, aws, tables=(REVISIONS,), queues=(), buckets=())
    return DynamoRevisions(names, Dynamo(aws.dynamodb))


def seen(slot, minutes, **more):
    """A revision of a slot, seen so many minutes after the day began."""
    at = START + timedelta(minutes=minutes)
    return replace(ONE, open_time=START + slot * INTERVAL, seen_at=at, **more)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values | st.just(()), values, st.integers(0, 10**6), st.integers(0, 999_999))
def test_a_revision_comes_back_bit_by_bit(port, before, after, slot, microseconds):
    """Both versions, to the last bit, also one that was not there before; times to the microsecond."""
    one = replace(seen(slot, slot), pair=f"pair-{next(PAIRS)}", before=before, after=after)
    one = replace(one, seen_at=one.seen_at + timedelta(microseconds=microseconds))
    port.put([one])
    assert port.of(one.pair, one.open_time, one.open_time) == [one]


def test_revisions_are_found_by_the_time_of_their_candle(port):
    """Both ends included, by open time and then by when it was seen; of one pair only."""
    found = [seen(2, 60), seen(1, 30), seen(1, 20), seen(0, 90), seen(1, 30, pair="btc_usdt"), seen(3, 40)]
    port.put(found)
    assert port.of("xrp_usdt", START + INTERVAL, START + 2 * INTERVAL) == [found[2], found[1], found[0]]
    assert port.of("btc_usdt", *EVER) == [found[4]]
    assert port.of("sol_usdt", *EVER) == []


def test_what_was_written_once_stays(port):
    """The same again changes nothing; another version under the same times is refused, not dropped in silence."""
    port.put([ONE])
    port.put([ONE, seen(1, 7)])
    with pytest.raises(Transient, match="seen at the same moment"):
        port.put([replace(ONE, after=(9.0, 9.0, 9.0, 9.0, 9.0))])
    assert port.of(ONE.pair, *EVER) == [ONE, seen(1, 7)]
    with pytest.raises(BadInput, match="nan"):
        port.put([seen(5, 9, after=(float("nan"),) * 5)])


def test_more_than_a_page_is_read_to_its_end(port):
    """Many changed candles: none is left out (memory's pages hold three)."""
    port.put([seen(slot, 9) for slot in range(20)])
    assert len(port.of(ONE.pair, *EVER)) == 20
