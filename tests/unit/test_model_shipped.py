"""The forecast model that ships: it answers as torch did, and as the desk's adapter expects."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.forecast.files import SHIPPED
from deployments.model.agreement import LIMIT, STILL, errors

GOLDEN = SHIPPED.parent / "chronos-2-small.golden.npz"
CONTEXT = 336


@pytest.fixture(scope="module")
def session():
    return onnxruntime.InferenceSession(SHIPPED, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as kept:
        return dict(kept)


def answer(session, context):
    return session.run(["quantiles"], {"context": np.atleast_2d(context).astype(np.float32)})[0]


def walk(seed, count=1):
    return 100 + np.random.default_rng(seed).standard_normal((count, CONTEXT)).cumsum(axis=1)


def test_it_answers_as_torch_did(session, golden):
    """On kept inputs, with gaps, constant, almost empty and empty ones, it is within 1e-3 of the scale of torch."""
    context = golden["context"]
    known = np.isfinite(context).sum(axis=1)
    assert (known == 0).any()
    assert (known == 1).any()
    assert ((known > 1) & (known < CONTEXT)).any()
    assert errors(answer(session, context), golden["quantiles"], context).max() <= LIMIT


def test_an_answer_that_is_off_is_seen(golden):
    """One value that is off by a hundredth of the series' scale fails the comparison with torch."""
    context, right = golden["context"], golden["quantiles"]
    scale = np.nanstd(context[0].astype(float))
    assert scale > STILL * 10
    wrong = right.copy()
    wrong[0, 4, 3] += 0.01 * scale
    assert errors(wrong, right, context).max() > LIMIT


def test_its_file_says_what_a_caller_needs(session):
    """Name, context length, steps, levels and training cut-off stand in the file, and the shapes agree with them."""
    told = session.get_modelmeta().custom_metadata_map
    levels = json.loads(told["quantile_levels"])
    assert (told["name"], told["context_length"], told["steps"]) == ("chronos-2-small", "336", "16")
    assert told["trained_until"] == "2023-06-01T00:00:00+00:00"
    assert {0.1, 0.5, 0.9} <= set(levels)
    assert answer(session, walk(1, 3)).shape == (3, len(levels), 16)


def test_it_is_small_and_carries_no_paths():
    """About a megabyte at most, without the exporter's notes on where it ran."""
    content = SHIPPED.read_bytes()
    assert len(content) < 1_200_000
    assert b"site-packages" not in content
    assert b".py" not in content


def test_a_series_is_forecast_by_itself(session):
    """Who else is in the batch changes nothing."""
    context = walk(2, 6)
    context[3, :100] = np.nan
    alone = np.concatenate([answer(session, row) for row in context])
    assert np.abs(answer(session, context) - alone).max() < 1e-4


@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-3, 0.5, 3.0, 1e3]))
def test_the_unit_does_not_matter(session, seed, factor):
    """Prices in another unit give the same forecast in that unit."""
    context = walk(seed)
    here, there = answer(session, context), answer(session, context * factor)
    assert np.abs(there / factor - here).max() < 2e-3 * context.std()


@given(
    seed=st.integers(0, 10_000),
    late=st.integers(0, CONTEXT - 50),
    gaps=st.lists(st.tuples(st.integers(0, CONTEXT - 2), st.integers(1, 40)), max_size=4),
)
def test_gaps_and_late_starts_give_a_forecast_near_the_series(session, seed, late, gaps):
    """Whatever is missing, every quantile is a number and the median no further off than the series is wide."""
    context = walk(seed)[0]
    context[:late] = np.nan
    for start, length in gaps:
        context[start : min(start + length, CONTEXT - 1)] = np.nan
    (found,) = answer(session, context)
    assert np.isfinite(found).all()
    reach = max(np.nanmax(context) - np.nanmin(context), 1.0)
    assert np.abs(found[4, :12] - context[-1]).max() < reach


@given(price=st.floats(0.01, 100_000))
def test_a_price_that_stands_still_is_expected_to(session, price):
    """A constant series is forecast to go on, within a ten thousandth (for very small prices, a few millionths)."""
    found = answer(session, np.full(CONTEXT, price))
    assert np.abs(found - price).max() < 1e-4 * price + 1e-4


def test_a_wild_series_has_a_wider_interval_than_a_quiet_one(session):
    """Ten times the moves give about ten times the width between q10 and q90."""
    moves = walk(7, 20) - 100
    quiet, wild = (answer(session, 1_000 + scale * moves) for scale in (1, 10))
    ratio = (wild[:, 8] - wild[:, 0]) / (quiet[:, 8] - quiet[:, 0])
    assert np.abs(ratio - 10).max() < 0.1
