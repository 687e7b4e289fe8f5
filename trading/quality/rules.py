"""A rule, and a suite of rules for one table: data, not code, so that two engines can run the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

type Test = Literal[
    "columns",  # the frame has these columns, with the kinds they are declared with
    "not_null",  # no value is missing
    "above",  # every value > limit
    "at_least",  # every value >= limit
    "at_most",  # every value <= limit
    "at_least_columns",  # every value >= those of other columns in the same row
    "at_most_columns",  # every value <= those of other columns in the same row
    "unique",
    "increasing",
    "on_grid",  # every time is a multiple of ``limit`` seconds
    "one_of",
    "row_count",  # from ``limit`` rows on
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of a frame. ``name`` is what people read when it does not."""

    name: str
    test: Test
    columns: tuple[str, ...]
    limit: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table's frame."""

    name: str
    rules: tuple[Rule, ...]
