"""The light engine: numpy and pandas, a millisecond a frame, for where a process lives shortly.

That it finds what the heavy one (``adapters/expectations``) finds is a property test.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.quality import tell
from trading.quality.findings import Validation
from trading.quality.prepare import prepared
from trading.quality.rules import Rule, Suite

type Mask = npt.NDArray[np.bool_]
type Arrays = dict[str, npt.NDArray[Any]]


class LightValidator:
    """The Validator port without any state."""

    def validate(self, suite: Suite, frame: pd.DataFrame, subject: str, at: datetime) -> Validation:
        """What broke which rule. Data never makes it raise."""
        data = prepared(suite, frame)
        arrays = {name: _array(data[name]) for name in data.columns}
        broken: dict[str, list[int]] = {}
        for rule in suite.rules:
            if rule.test in WHOLE:
                broken |= {rule.name: []} if WHOLE[rule.test](rule, data) else {}
            elif tell.runnable(rule, data):
                rows = np.flatnonzero(ROWS[rule.test](rule, arrays))
                broken |= {rule.name: rows.tolist()} if rows.size else {}
        return tell.validation(suite, subject, at, frame, data, broken)


def _array(values: pd.Series[Any]) -> npt.NDArray[Any]:
    """A prepared column; times without their zone, which would make objects of them."""
    return (values.dt.tz_localize(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values).to_numpy()


def _missing(rule: Rule, data: Arrays) -> Mask:
    masks = [pd.isna(data[name]) for name in rule.columns]
    return np.asarray(np.logical_or.reduce(masks), dtype=np.bool_)


def _compared(off: Callable[[Any, Any], Any]) -> Callable[[Rule, Arrays], Mask]:
    """A test that each value is held against the limit by: ``off`` says that it breaks; NaN is never off."""

    def test(rule: Rule, data: Arrays) -> Mask:
        masks = [off(data[name], rule.limit) for name in rule.columns]
        return np.asarray(np.logical_or.reduce(masks), dtype=np.bool_)

    return test


def _against_columns(off: Callable[[Any, Any], Any]) -> Callable[[Rule, Arrays], Mask]:
    """A test that the first column is held against the others by."""

    def test(rule: Rule, data: Arrays) -> Mask:
        first, *others = (data[name] for name in rule.columns)
        return np.asarray(np.logical_or.reduce([off(first, other) for other in others]), dtype=np.bool_)

    return test


def _twice(rule: Rule, data: Arrays) -> Mask:
    values = data[rule.columns[0]]
    return np.asarray(~pd.isna(values) & pd.Series(values).duplicated(keep=False).to_numpy(), dtype=np.bool_)


def _falling(rule: Rule, data: Arrays) -> Mask:
    values = data[rule.columns[0]]
    there = np.flatnonzero(~pd.isna(values))
    mask = np.zeros(len(values), dtype=np.bool_)
    mask[there[1:][values[there][1:] < values[there][:-1]]] = True
    return mask


def _foreign(rule: Rule, data: Arrays) -> Mask:
    values = data[rule.columns[0]]
    return np.asarray(~pd.isna(values) & ~pd.Series(values).isin(rule.among).to_numpy(), dtype=np.bool_)


WHOLE: dict[str, Callable[[Rule, pd.DataFrame], bool]] = {
    "columns": lambda rule, data: any(name not in data.columns for name in rule.columns),
    "row_count": lambda rule, data: len(data) < (rule.limit or 0),
}
"""Whether the whole breaks a rule."""

ROWS: dict[str, Callable[[Rule, Arrays], Mask]] = {
    "not_null": _missing,
    "above": _compared(np.less_equal),
    "at_least": _compared(np.less),
    "at_most": _compared(np.greater),
    "at_least_columns": _against_columns(np.less),
    "at_most_columns": _against_columns(np.greater),
    "unique": _twice,
    "increasing": _falling,
    "one_of": _foreign,
}
"""Which rows break a rule."""
