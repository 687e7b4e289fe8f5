"""The AWS of the contract tests; each test has tables of its own, under a prefix of its own.

It is the stand-in, except for the ledger: the books are tested on every backend that they can stand on.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from adapters.aws import Aws
from adapters.dynamodb import Tables, open_tables
from adapters.provision import provision
from tests.contract import backends
from tests.contract.books import BOOKS, NOW
from trading.tables import MARKET_CONTEXT, PRICES, SENTIMENT, Names

ACCOUNT = "123456789012"
LEDGER, RACES = "test_ledger", "test_ledger_races"
_numbers = count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of the ledger runs once per backend; one of races where requests travel, a long one where it is quick."""
    module = metafunc.module.__name__.rpartition(".")[2]
    if module.startswith(LEDGER) and "aws" in metafunc.fixturenames:
        slow = metafunc.definition.get_closest_marker("slow")
        on = backends.ON_A_WIRE if module == RACES else backends.QUICK if slow else backends.ALL
        metafunc.parametrize("aws", on, indirect=True)


@pytest.fixture(scope="session")
def stand_in() -> Iterator[Aws]:
    with backends.stand_in() as aws:
        yield aws


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with backends.dynamodb_local(tmp_path_factory.mktemp("dynamodb-local") / "log") as aws:
        yield aws


@pytest.fixture(scope="session")
def memory() -> Aws:
    return backends.memory()


@pytest.fixture(scope="session")
def aws(request: pytest.FixtureRequest) -> Aws:
    """The clients of the backend that the test asks for; of the stand-in when it asks for none."""
    backend: str = getattr(request, "param", backends.STAND_IN)
    found: Aws = request.getfixturevalue(backend)
    return found


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
