"""The count of a month's calls, on the real tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.quota import DynamoQuota
from trading.errors import Transient
from trading.ports.news import Quota

MAY = datetime(2026, 5, 31, 23, 59, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def quota(aws, names, tables) -> DynamoQuota:
    """A count that nobody used yet."""
    del tables
    return DynamoQuota(names, Dynamo(aws.dynamodb))


def test_calls_are_counted_up_to_the_limit(quota):
    """Three of three calls are counted, the fourth is refused and not counted; a higher limit lets it through."""
    counted: Quota = quota
    assert [counted.take(MAY, 3) for _ in range(5)] == [True, True, True, False, False]
    assert quota.used(MAY) == 3
    assert counted.take(MAY, 4)


def test_none_are_allowed_when_none_are(quota):
    """A limit of zero or less allows nothing, not even the first call."""
    assert not quota.take(MAY, 0)
    assert not quota.take(MAY, -1)


def test_each_month_begins_anew(quota):
    """A used-up month ends at midnight UTC."""
    assert quota.take(MAY, 1)
    assert not quota.take(MAY, 1)
    assert quota.take(JUNE, 1)


def test_two_desks_and_two_providers_count_apart(aws, names, tables, quota):
    """Another provider under the same desk has a count of its own."""
    del tables
    assert quota.take(MAY, 1)
    assert DynamoQuota(names, Dynamo(aws.dynamodb), "other").take(MAY, 1)


def test_the_first_refusal_is_said_once_a_month(quota):
    """Whoever asks first is told that people are to be told; the next month again; counts are untouched."""
    quota.take(MAY, 9)
    assert [quota.first_refusal(at) for at in (MAY, MAY, JUNE, JUNE)] == [True, False, True, False]
    assert quota.used(MAY) == 1


def test_machines_share_the_count(quota):
    """Twenty calls at once from several threads: exactly as many go through as are allowed."""
    with ThreadPoolExecutor(5) as machines:
        allowed = list(machines.map(lambda _: _patiently(quota), range(20)))
    assert sum(allowed) == quota.used(MAY) == 7


def _patiently(quota) -> bool:
    """One call, asked again while the table is busy."""
    while True:
        try:
            return bool(quota.take(MAY, 7))
        except Transient:
            continue
