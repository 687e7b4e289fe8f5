"""How a step of many pairs is cut into task runs changes how often the server is told, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import batched
from unittest.mock import patch

import cloudpickle
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from prefect import Task, task
from prefect.context import AssetContext

from deployments.without_prefect import without_prefect
from flows import lots
from flows.lots import each_pair
from tasks.assets import CANDLES, made
from tasks.judge import technical
from tasks.lines import say
from tasks.policies import ASK
from trading.errors import Rejected, TradingError, Transient
from trading.services.looks import Outcomes

AT = datetime(2026, 1, 5, tzinfo=UTC)
ATTEMPTS = 4
KINDS: tuple[type[TradingError], ...] = (Transient, Rejected)

FOUR_ONCE = dict.fromkeys(("p0", "p2", "p5", "p7"), (Transient, 1))
"""The four that a lot of ten begins with."""

type Troubles = dict[str, tuple[type[TradingError], int]]
"""By pair: what goes wrong, and how many times before it goes well."""


def troubled(troubles: Troubles, calls: Counter[str]) -> Task[..., str]:
    @task(task_run_name="step-{pair} {at:%H:%M}", **ASK)
    def step(desk: str, pair: str, at: datetime, extra: int) -> str:
        calls[pair] += 1
        kind, times = troubles.get(pair, (Rejected, 0))
        if calls[pair] <= times:
            raise kind(f"{pair} fails")
        return f"{desk} {pair} {extra}"

    return step


def run(keys: list[str], troubles: Troubles, lot: int) -> tuple[Outcomes[str], Counter[str]]:
    calls: Counter[str] = Counter()
    extras = list(range(len(keys)))
    single = 0 if lot else len(keys)
    waiting: list[float] = []
    with (
        without_prefect(threads=1, sleep=waiting.append),
        patch.multiple(lots, SINGLE=single, LOT=lot),
    ):
        return each_pair(troubled(troubles, calls), keys, "embedded", AT, extra=extras)(), calls


@settings(max_examples=40)
@given(
    count=st.integers(1, 12),
    lot=st.integers(1, 13),
    troubles=st.dictionaries(st.integers(0, 11), st.tuples(st.sampled_from(KINDS), st.integers(1, ATTEMPTS + 1))),
)
def test_however_pairs_are_cut_the_outcomes_are_the_same(
    count: int, lot: int, troubles: dict[int, tuple[type[TradingError], int]]
) -> None:
    """Values, errors in words, their order, and the calls each pair gets are those of a task run for every pair."""
    keys = [f"p{index}" for index in range(count)]
    wrong = {f"p{index}": trouble for index, trouble in troubles.items()}
    for begin in range(0, count, lot):  # a whole lot that waits is another fact, below
        kinds = [wrong.get(key, (Rejected, 0))[0] for key in keys[begin : begin + lot]]
        assume(kinds.count(Transient) < lots.NOBODYS_OWN)
    cut, cut_calls = run(keys, wrong, lot)
    whole, calls = run(keys, wrong, 0)
    assert list(cut.values.items()) == list(whole.values.items())
    assert list(cut.errors.items()) == list(whole.errors.items())
    assert cut_calls == calls


@pytest.mark.parametrize(("times", "served"), [(1, True), (ATTEMPTS, False)])
def test_a_lot_that_nobody_can_be_served_in_waits_as_a_whole(times: int, served: bool) -> None:
    """A venue that is away is asked for four pairs of a lot and then left alone; the lot is tried again."""
    keys = [f"p{index}" for index in range(10)]
    outcomes, calls = run(keys, dict.fromkeys(keys, (Transient, times)) if not served else FOUR_ONCE, 10)
    assert list(outcomes.values if served else outcomes.errors) == keys
    assert calls["p9"] == (1 if served else 0)
    assert max(calls.values()) == (2 if served else ATTEMPTS)
    assert sum(calls.values()) == (10 + 4 if served else 4 * ATTEMPTS)


@settings(max_examples=40)
@given(
    count=st.integers(4, 60),
    begin=st.integers(0, 59),
    dead=st.integers(1, 18),
    some=st.sets(st.integers(0, 59), max_size=3),
)
@example(count=60, begin=25, dead=18, some={0, 6, 12})
def test_dead_pairs_do_not_take_healthy_ones_with_them(count: int, begin: int, dead: int, some: set[int]) -> None:
    """Three dead pairs of a lot wherever they stand, or up to 18 neighbours in it: all the others are served, once."""
    keys = [f"p{index}" for index in range(count)]
    for gone in ({f"p{index}" for index in some}, set(keys[begin : begin + dead])):
        if any(len(lot) - len(gone.intersection(lot)) < len(lot) / 4 for lot in batched(keys, lots.LOT)):
            continue  # of the last, smaller lot next to all are dead: then it is no pair's own trouble
        outcomes, calls = run(keys, dict.fromkeys(gone, (Transient, ATTEMPTS)), lots.LOT)
        assert set(outcomes.values) == set(keys) - gone
        assert all(calls[key] == 1 for key in outcomes.values)


def test_a_line_of_a_lot_begins_with_the_pair_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    """A lot's run names its pairs in one line; what is said of one begins with it; why one left is said."""

    @task(**ASK)
    def step(desk: str, pair: str, at: datetime) -> None:
        say(f"{desk} was asked")
        if pair == "b":
            raise Rejected("no")

    with without_prefect(threads=1), patch.object(lots, "SINGLE", 0), caplog.at_level("INFO", "trader.tasks"):
        each_pair(step, ["a", "b"], "paper", AT)()
    lines = [one.getMessage() for one in caplog.records if one.name == "trader.tasks"]
    assert lines == ["one run for a, b", "a: paper was asked", "b: paper was asked", "b: leaves a…b (2): Rejected: no"]


def test_an_asset_made_for_several_pairs_names_all_of_them() -> None:
    """What holds of all is said once; what differs is listed in order: no pair hides the one before."""
    with AssetContext(downstream_assets={CANDLES}) as context:
        made(CANDLES, desk="paper", pair="a", raw="s3://1")
        made(CANDLES, desk="paper", pair="b", raw="s3://2")
    assert context.materialization_metadata[CANDLES.key] == {"desk": "paper", "pair": "a, b", "raw": "s3://1, s3://2"}


@pytest.mark.parametrize("made_of", [lots._in_lots, lambda step: lots._alone(step, Transient("away"))])
def test_what_a_cluster_is_sent_survives_the_way(made_of: Callable[[Task[..., object]], Task[..., object]]) -> None:
    """The task for a lot and the task for a pair that left it can be pickled, with their name and their policy."""
    there = cloudpickle.loads(cloudpickle.dumps(made_of(technical)))
    assert (there.name, there.retries, there.task_run_name) == ("technical", technical.retries, technical.task_run_name)
