"""The Capacity port on every backend of the books: never more holders than places, and the dead block nobody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws import ATTEMPTS, CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Aws
from adapters.dynamodb.capacity import DynamoCapacity
from adapters.dynamodb.client import Dynamo
from adapters.forecast.budget import LEASE_S, WAIT_S, Budget
from adapters.forecast.coalesce import ANSWER_S_MAX, GATHER_S_MAX
from adapters.forecast.sagemaker import BEGIN_S_MAX, CALL_S_MAX, ENDPOINT_S_MAX, GAP_S_MAX, PAUSE_S_MAX
from adapters.forecast.sagemaker import READ_TIMEOUT_S as READ_TIMEOUT_S_OF_ENDPOINT
from adapters.provision import provision
from tests.contract import backends
from tests.contract.conftest import ACCOUNT
from tests.simulation.tables import MemoryDynamo
from trading.errors import Transient
from trading.ports.capacity import Capacity, Place
from trading.tables import ORDER_STATE, Names

AT = datetime(2026, 1, 5, 12, 0, 0, 250_000, tzinfo=UTC)
_numbers = iter(range(10_000))


def places(aws: Aws) -> DynamoCapacity:
    """The places of a fresh table."""
    names = Names(f"cap-{next(_numbers)}", ACCOUNT)
    provision(names, aws, tables=(ORDER_STATE,), queues=(), buckets=())
    return DynamoCapacity(names, Dynamo(aws.dynamodb))


@pytest.fixture(params=backends.ALL)
def capacity(request: pytest.FixtureRequest) -> Capacity:
    made: Capacity = places(request.getfixturevalue(request.param))
    return made


def take(capacity: Capacity, holder: str, at: datetime = AT, limit: int = 3) -> Place | None:
    return capacity.take("endpoint", limit, LEASE_S, holder, at)


def test_a_place_is_held_until_it_is_given_back(capacity: Capacity) -> None:
    """Of three places three can be held, a fourth cannot, and one that is given back can be held again."""
    held = [take(capacity, f"h{n}") for n in range(3)]
    assert {place.number for place in held if place} == {0, 1, 2}
    assert take(capacity, "h4") is None
    capacity.give_back(held[1])
    again = take(capacity, "h5")
    assert again is not None
    assert again.number == held[1].number
    assert take(capacity, "h6") is None


def test_other_names_have_places_of_their_own(capacity: Capacity) -> None:
    """What is held of one endpoint leaves another endpoint free."""
    assert [take(capacity, f"h{n}") for n in range(4)][3] is None
    assert capacity.take("another", 3, LEASE_S, "h9", AT) is not None


def test_a_dead_holders_place_is_free_when_its_lease_ends(capacity: Capacity) -> None:
    """A holder that never gives back blocks its place until the moment its lease ends, and no longer."""
    assert take(capacity, "dead", limit=1) is not None
    just_before = AT + timedelta(seconds=LEASE_S) - timedelta(microseconds=1)
    assert take(capacity, "early", just_before, limit=1) is None
    assert take(capacity, "late", AT + timedelta(seconds=LEASE_S), limit=1) is not None


def test_who_lost_its_place_does_not_free_the_new_holders(capacity: Capacity) -> None:
    """A holder that comes back after its lease ended gives nothing back: the place stays its new holder's."""
    lost = take(capacity, "slow", limit=1)
    later = AT + timedelta(seconds=LEASE_S)
    assert take(capacity, "new", later, limit=1) is not None
    capacity.give_back(lost)
    assert take(capacity, "third", later, limit=1) is None


@pytest.mark.parametrize("capacity", backends.ON_A_WIRE, indirect=True)
def test_many_at_once_never_hold_more_than_there_are(capacity: Capacity) -> None:
    """Sixteen threads take, hold and give back as fast as they can: at no moment do more than three hold."""
    lock, holding, most, served = threading.Lock(), [0], [0], [0]
    budget = Budget(capacity, "endpoint", limit=3, wait_s=1e9, pause=lambda _: None)

    def use(_n: int) -> None:
        with budget.place():
            with lock:
                holding[0] += 1
                most[0] = max(most[0], holding[0])
            with lock:
                holding[0] -= 1
                served[0] += 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(use, range(48)))
    assert (most[0] <= 3, served[0], holding[0]) == (True, 48, 0)


def test_a_place_that_somebody_takes_in_between_is_not_taken_twice() -> None:
    """Between our look at the places and our write another one takes the last: the write is lost, and we hold none."""
    others: list[Place | None] = []

    def in_between(at: str, _request: object) -> None:
        if at == "after query" and not others:
            others.append(None)
            others[0] = take(DynamoCapacity(names, Dynamo(dynamo)), "other", limit=1)

    dynamo: Any = MemoryDynamo(on_call=in_between)
    names = Names("cap-race", ACCOUNT)
    assert take(DynamoCapacity(names, Dynamo(dynamo)), "me", limit=1) is None
    assert others[0] is not None


@given(st.lists(st.tuples(st.sampled_from("tgw"), st.integers(0, 5), st.integers(0, 200)), max_size=30))
def test_places_behave_like_a_list_of_leases(steps: list[tuple[str, int, int]]) -> None:
    """Taking, giving back and waiting in any order: a place is handed out exactly when fewer than three are leased."""
    capacity, at = places(backends.memory()), AT
    held: dict[int, Place] = {}
    mine: dict[str, Place] = {}
    for number, (step, which, seconds) in enumerate(steps):
        held = {n: place for n, place in held.items() if place.until > at}
        if step == "t":
            place = take(capacity, f"h{number}", at)
            assert (place is None) == (len(held) == 3)
            if place is not None:
                assert place.number not in held
                held[place.number] = mine[f"h{number}"] = place
        elif step == "g" and mine:
            given_back = mine.pop(sorted(mine)[which % len(mine)])
            capacity.give_back(given_back)
            held = {n: place for n, place in held.items() if place.holder != given_back.holder}
        else:
            at += timedelta(seconds=seconds)


def test_a_caller_waits_for_a_place_and_no_longer_than_it_may() -> None:
    """With all places taken a caller looks again and again for a limited time, then is told so as a Transient.

    All time counts: what the books took to answer too.
    """
    passed = [0.0]

    def passes(seconds: float) -> None:
        passed[0] += seconds

    for answers_in_s in (0.0, 4.0, 29.9, 100.0):
        passed[0] = 0.0
        full = SimpleNamespace(take=lambda *_, s=answers_in_s: passes(s))
        budget = Budget(full, "endpoint", pause=passes, monotonic=lambda: passed[0])
        with pytest.raises(Transient, match=r"^all 6 places stayed taken for 30 s$"), budget.place():
            pytest.fail("nobody held a place")
        assert 30 <= passed[0] < 31 + answers_in_s


def test_the_longest_call_fits_into_what_waits_for_it() -> None:
    """Whoever waits for another's call waits longer than any call can take; a lease outlasts its longest request."""
    books_s = ATTEMPTS * (CONNECT_TIMEOUT_S + READ_TIMEOUT_S) + ATTEMPTS  # one request at every limit, with its pauses
    request_s = BEGIN_S_MAX + PAUSE_S_MAX + CALL_S_MAX + GAP_S_MAX
    assert request_s < LEASE_S
    look_s, write_s, give_back_s = books_s, books_s, books_s
    assert GATHER_S_MAX + WAIT_S + look_s + write_s + request_s + give_back_s < ANSWER_S_MAX
    assert ENDPOINT_S_MAX < READ_TIMEOUT_S_OF_ENDPOINT < CALL_S_MAX - CONNECT_TIMEOUT_S


def test_a_place_that_cannot_be_given_back_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """When the books are away at the end, the answer is kept, the log says it, and the lease frees the place."""

    def away(_place: Place) -> None:
        raise Transient("the books are away")

    held = Place("endpoint", 0, "me", AT)
    budget = Budget(SimpleNamespace(take=lambda *_: held, give_back=away), "endpoint")
    with budget.place() as place:
        assert place is held
    assert "the books are away" in caplog.text
