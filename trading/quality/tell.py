"""From the rows that broke a rule to what is said and shown of them: the same words, whichever engine found them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from trading.quality.findings import Finding, Validation
from trading.quality.prepare import one_each
from trading.quality.rules import Rule, Suite

SHOWN = 5
"""Rows that a finding shows of those that broke its rule."""

type Broken = Mapping[str, Sequence[int]]
"""By the name of a rule that does not hold: the rows that broke it. None of them: the whole, or it could not be run."""


def validation(
    suite: Suite, subject: str, at: datetime, frame: pd.DataFrame, data: pd.DataFrame, broken: Broken
) -> Validation:
    """What an engine found, as findings in the order of the rules. ``frame``: as it came; ``data``: as prepared."""
    given = one_each(frame)
    said = [
        _finding(suite, rule, sorted(set(broken[rule.name])), given, data)
        for rule in suite.rules
        if rule.name in broken
    ]
    return Validation(suite.name, subject, at, len(data), tuple(said))


def runnable(rule: Rule, data: pd.DataFrame) -> bool:
    """Whether the frame has what the rule is about; that it has not is said once, by the rule of its columns."""
    return rule.test in {"columns", "row_count"} or all(name in data.columns for name in rule.columns)


def _finding(suite: Suite, rule: Rule, rows: Sequence[int], given: pd.DataFrame, data: pd.DataFrame) -> Finding:
    if rule.test == "columns":
        lacking = [name for name in rule.columns if name not in data.columns]
        return Finding(rule.name, 0, f"no column {', '.join(lacking)}")
    if rule.test == "row_count":
        return Finding(rule.name, 0, f"{_counted(len(data), suite.row)}, at least {rule.limit:g} are needed")
    if not rows:
        return Finding(rule.name, 0, "could not be checked")
    first = _plain(_first_stamp(suite, rows[0], given))
    where = f", {'first ' if len(rows) > 1 else ''}{_short(first)}"
    words = f"{_counted(len(rows), suite.row)} {_fault(rule, rows, data)}{where}"
    return Finding(rule.name, len(rows), words, tuple(_row(suite, rule, row, given, data) for row in rows[:SHOWN]))


def _fault(rule: Rule, rows: Sequence[int], data: pd.DataFrame) -> str:
    if "{which}" in rule.fault:
        lacking = [name for name in rule.columns if data[name].iloc[list(rows)].isna().any()]
        return rule.fault.replace("{which}", ", ".join(lacking))
    if "{worst}" not in rule.fault:
        return rule.fault
    values = data[rule.columns[0]].iloc[list(rows)]
    worst = values.max() if rule.test == "at_most" else values.min()
    return rule.fault.replace("{worst}", f"{worst:,.0f}" if abs(worst) >= 1000 else f"{worst:.4g}")


def _row(suite: Suite, rule: Rule, row: int, given: pd.DataFrame, data: pd.DataFrame) -> dict[str, Any]:
    """One row as it came, with what was computed for the rule; JSON-ready."""
    names = [name for name in given.columns if name in suite.names]
    own = {name: _plain(data[name].iloc[row]) for name in rule.columns if name not in given.columns}
    return {**{name: _plain(given[name].iloc[row]) for name in names}, **own}


def _first_stamp(suite: Suite, row: int, given: pd.DataFrame) -> Any:
    return given[suite.stamp].iloc[row] if suite.stamp in given.columns else row


def _plain(value: Any) -> Any:
    """A value of a frame as JSON can hold it; what is no number stays recognisable."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


def _short(stamp: Any) -> str:
    """A stamp for people: the minute of a time, else the text itself."""
    text = str(stamp)
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
    except ValueError:
        return f"{text[:40]}"


def _counted(count: int, row: str) -> str:
    return f"{count} {row}" if count == 1 else f"{count} {row}s"
