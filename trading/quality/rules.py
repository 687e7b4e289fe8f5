"""A rule, and a suite of rules for one table: data, not code, so that two engines can run the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Kind = Literal["number", "time", "text"]
"""What a column holds: float64, aware UTC times by the millisecond, or text."""

type Test = Literal[
    "columns",  # the frame has these columns
    "not_null",  # no value is missing
    "above",  # every value > limit
    "at_least",  # every value >= limit
    "at_most",  # every value <= limit
    "at_least_columns",  # every value of the first column >= those of the others in the same row
    "at_most_columns",  # every value of the first column <= those of the others in the same row
    "unique",
    "increasing",  # no value is below the one before; an equal one is for ``unique``
    "one_of",  # every text is among these
    "row_count",  # from ``limit`` rows on
]
"""All but ``columns``, ``not_null`` and ``row_count`` say nothing of a value that is missing.

What has no test of its own (the grid, a gap, an age) is a test of a column that was computed for it: ``windows``.
"""

WRONG_KIND = "wrong_kind"
"""The column that ``prepare`` adds to every frame: how many values of a row are of another kind than declared."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of a frame.

    name   what people know it by: ``high is the highest``.
    fault  what is said of the rows that break it, after their number: ``with a high below another price``. In it,
           ``{worst}`` is the value of the rule's first column that is furthest off, ``{which}`` the columns at fault.
    """

    name: str
    test: Test
    columns: tuple[str, ...]
    fault: str = ""
    limit: float | None = None
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table's frame.

    columns  every column and its kind, computed ones included; a frame that lacks one is at fault.
    stamp    the column that says when, or which, a row is; ``row``: what a row is called.
    """

    name: str
    row: str
    stamp: str
    columns: tuple[tuple[str, Kind], ...]
    rules: tuple[Rule, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(name for name, _ in self.columns)


def suite(name: str, row: str, columns: tuple[tuple[str, Kind], ...], *rules: Rule) -> Suite:
    """A suite with what every one begins with: all columns are there, and every value is of its column's kind."""
    whole = (
        Rule("has its columns", "columns", tuple(column for column, _ in columns)),
        Rule("values are of their kind", "at_most", (WRONG_KIND,), "with a value of another kind", 0),
    )
    return Suite(name, row, columns[0][0], columns, (*whole, *rules))


def present(*columns: str) -> Rule:
    """No value of these is missing."""
    return Rule(f"{_listed(columns)} {_are(columns)} there", "not_null", columns, "without {which}")


def within(column: str, low: float, high: float) -> tuple[Rule, Rule]:
    """Every value of a column is from ``low`` to ``high``; one rule a side."""
    return (
        Rule(f"{column} is at least {low:g}", "at_least", (column,), f"with {column} {{worst}}, below {low:g}", low),
        Rule(f"{column} is at most {high:g}", "at_most", (column,), f"with {column} {{worst}}, above {high:g}", high),
    )


def _are(columns: tuple[str, ...]) -> str:
    return "are" if len(columns) > 1 else "is"


def _listed(columns: tuple[str, ...]) -> str:
    *first, end = columns
    return f"{', '.join(first)} and {end}" if first else end
