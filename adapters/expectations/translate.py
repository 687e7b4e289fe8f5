"""A rule as the library's own expectations: one a column, or a pair of columns, that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from great_expectations.expectations import core

from trading.quality.rules import Rule, Suite

gxe: Any = core
"""By another name, because the library does not declare what it exports."""

type Expectation = Any


def expectations_of(suite: Suite) -> list[Expectation]:
    """Every rule's expectations; each carries its rule's name."""
    return [made for rule in suite.rules for made in BY_TEST[rule.test](rule, _said(rule))]


def _said(rule: Rule) -> dict[str, Any]:
    """What goes with each: the name to know it by afterwards, and as a note on its page."""
    return {"meta": {"rule": rule.name}, "notes": rule.name}


def _each(kind: Any, **options: str) -> Callable[[Rule, dict[str, Any]], list[Expectation]]:
    """One of a kind for every column; ``options`` name the fields of the rule that its arguments are."""

    def make(rule: Rule, said: dict[str, Any]) -> list[Expectation]:
        arguments = {name: getattr(rule, of) for name, of in options.items()}
        return [kind(column=column, **arguments, **said) for column in rule.columns]

    return make


def _above(rule: Rule, said: dict[str, Any]) -> list[Expectation]:
    between = gxe.ExpectColumnValuesToBeBetween
    return [between(column=column, min_value=rule.limit, strict_min=True, **said) for column in rule.columns]


def _greater_first(rule: Rule, said: dict[str, Any]) -> list[Expectation]:
    first, *others = rule.columns
    return [_pair(first, other, said) for other in others]


def _greater_others(rule: Rule, said: dict[str, Any]) -> list[Expectation]:
    first, *others = rule.columns
    return [_pair(other, first, said) for other in others]


def _pair(greater: str, less: str, said: dict[str, Any]) -> Expectation:
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=greater, column_B=less, or_equal=True, ignore_row_if="either_value_is_missing", **said
    )


def _columns(rule: Rule, said: dict[str, Any]) -> list[Expectation]:
    return [gxe.ExpectTableColumnsToMatchSet(column_set=list(rule.columns), exact_match=False, **said)]


def _rows(rule: Rule, said: dict[str, Any]) -> list[Expectation]:
    return [gxe.ExpectTableRowCountToBeBetween(min_value=int(rule.limit or 0), **said)]


BY_TEST: dict[str, Callable[[Rule, dict[str, Any]], list[Expectation]]] = {
    "columns": _columns,
    "not_null": _each(gxe.ExpectColumnValuesToNotBeNull),
    "above": _above,
    "at_least": _each(gxe.ExpectColumnValuesToBeBetween, min_value="limit"),
    "at_most": _each(gxe.ExpectColumnValuesToBeBetween, max_value="limit"),
    "at_least_columns": _greater_first,
    "at_most_columns": _greater_others,
    "unique": _each(gxe.ExpectColumnValuesToBeUnique),
    "increasing": _each(gxe.ExpectColumnValuesToBeIncreasing),
    "one_of": _each(gxe.ExpectColumnValuesToBeInSet, value_set="among"),
    "row_count": _rows,
}
