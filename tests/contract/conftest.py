"""One AWS stand-in for all contract tests; each test has tables of its own, under a prefix of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace

import pytest

from adapters.aws import Aws, open_aws
from adapters.aws_stand_in import serve
from adapters.dynamodb import Tables, open_tables
from adapters.provision import provision
from tests.contract.books import BOOKS, NOW
from trading.tables import MARKET_CONTEXT, PRICES, SENTIMENT, Names

ACCOUNT = "123456789012"
_numbers = count()


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """The clients, pointed at the stand-in and not pausing long before they try again."""
    running = serve()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", running.url)
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        yield open_aws()
    running.stop()


@pytest.fixture
def names() -> Names:
    """A prefix that nothing was made under yet."""
    return Names(f"test-{next(_numbers)}", ACCOUNT)


@pytest.fixture
def tables(aws: Aws, names: Names) -> Tables:
    """Empty tables."""
    provision(names, aws, tables=(*BOOKS, PRICES, SENTIMENT, MARKET_CONTEXT), queues=(), buckets=())
    return open_tables(names, aws, lambda: NOW)


@pytest.fixture
def ledger(tables: Tables):
    """Empty books."""
    return tables.ledger
