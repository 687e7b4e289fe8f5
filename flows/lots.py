"""One step of every pair: a task run for each of them, or, where they are many, a task run for each lot of them.

A task run costs the Prefect server the same time and space whatever is done in it (docs/decisions/0022). A lot changes
how a step is cut, not what it does: the task's own function is called for one pair after another, every line it logs
begins with the pair, and a pair that fails leaves the lot. It gets the task run that it would have had, under its own
name; the attempt that failed counts as the first, and whether there is another is up to the task's own policy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from itertools import batched
from typing import Any

from prefect import Task, unmapped
from prefect.futures import PrefectFuture

from flows.outcomes import outcomes_of
from tasks.lines import about, say
from trading.errors import Transient
from trading.services.looks import Outcomes

SINGLE = 24
"""Up to so many pairs, each has a task run of its own."""
LOT = 25
"""Pairs in one lot: 400 pairs are 16 runs of a step, enough for six threads to stay busy to the end."""
NOBODYS_OWN = 4
"""When so many pairs from all over a lot could not be served, it is no pair's own trouble: the whole lot waits."""

type Pending[T] = Callable[[], Outcomes[T]]


@dataclass(frozen=True, slots=True)
class Lot[T]:
    """What came of the pairs of one lot."""

    values: Mapping[str, T]
    errors: Mapping[str, Exception]


def each_pair[T](step: Task[..., T], keys: Sequence[str], desk: str, at: datetime, **given: Any) -> Pending[T]:
    """Begin a step for every pair; calling what is returned waits for all of them.

    given: the step's other arguments: a list with one for each pair, or ``unmapped`` for all.
    """
    if len(keys) <= SINGLE:
        futures = step.map(desk=unmapped(desk), pair=list(keys), at=unmapped(at), **given)
        return lambda: outcomes_of(keys, futures)
    mine = [{name: _own(value, index) for name, value in given.items()} for index in range(len(keys))]
    lots = [list(lot) for lot in batched(keys, LOT)]
    begun = _in_lots(step).map(
        desk=unmapped(desk),
        pair=[f"{lot[0]}…{lot[-1]} ({len(lot)})" for lot in lots],
        at=unmapped(at),
        keys=lots,
        given=[list(some) for some in batched(mine, LOT)],
    )
    return lambda: _outcomes(step, lots, begun, lambda key: {"desk": desk, "at": at, **mine[keys.index(key)]})


def _own(value: Any, index: int) -> Any:
    return value.value if isinstance(value, unmapped) else value[index]


def _in_lots[T](step: Task[..., T]) -> Task[..., Lot[T]]:
    """The task for a whole lot, under the same policy; ``pair`` says which, where the task's name has its pair."""

    def lot(desk: str, pair: str, at: datetime, keys: Sequence[str], given: Sequence[Mapping[str, Any]]) -> Lot[T]:
        values: dict[str, T] = {}
        errors: dict[str, Exception] = {}
        say(f"one run for {', '.join(keys)}")
        for key, own in _spread(list(zip(keys, given, strict=True))):
            with about(key):
                try:
                    values[key] = step.fn(desk=desk, pair=key, at=at, **own)
                except Exception as error:  # noqa: BLE001 (whatever it is, it is this pair's outcome)
                    errors[key] = error
                    say(f"leaves {pair}: {type(error).__name__}: {error}", logging.WARNING)
            if not values and len(errors) >= NOBODYS_OWN and all(isinstance(one, Transient) for one in errors.values()):
                raise Transient(f"none of the first {len(errors)} pairs could be served: {error_of(errors)}")
        return Lot(values, errors)

    return _with_function(step, lot)


def _spread[One](them: Sequence[One]) -> list[One]:
    """The same, begun at NOBODYS_OWN places: a few that are dead, wherever they stand, do not pass for all."""
    first = dict.fromkeys(place * len(them) // NOBODYS_OWN for place in range(NOBODYS_OWN))
    return [them[index] for index in {**first, **dict.fromkeys(range(len(them)))}]


def error_of(errors: Mapping[str, Exception]) -> str:
    """The last of some errors, with its pair."""
    key, error = list(errors.items())[-1]
    return f"{key}: {error}"


def _alone[T](step: Task[..., T], error: Exception) -> Task[..., T]:
    """The task for one pair, its first attempt already made in a lot."""
    made = [error]

    @wraps(step.fn)
    def again(*args: Any, **given: Any) -> T:
        if made:
            raise made.pop()
        return step.fn(*args, **given)

    return _with_function(step, again)


def _with_function(step: Task[..., Any], function: Callable[..., Any]) -> Task[..., Any]:
    """The same task, its name, policy and assets, around another function."""
    other = step.with_options()
    other.fn = function
    return other


def _outcomes[T](
    step: Task[..., T],
    lots: Sequence[Sequence[str]],
    begun: Sequence[PrefectFuture[Lot[T]]],
    given: Callable[[str], Mapping[str, Any]],
) -> Outcomes[T]:
    """Wait for the lots, then for the pairs that left them."""
    values: dict[str, T] = {}
    errors: dict[str, str] = {}
    left: dict[str, PrefectFuture[T]] = {}
    ended = outcomes_of([lot[0] for lot in lots], begun)
    for lot in lots:
        if done := ended.values.get(lot[0]):
            values |= done.values
            left |= {key: _alone(step, why).submit(pair=key, **given(key)) for key, why in done.errors.items()}
        else:
            errors |= dict.fromkeys(lot, ended.errors[lot[0]])
    alone = outcomes_of(list(left), list(left.values()))
    values, errors = {**values, **alone.values}, {**errors, **alone.errors}
    order = [key for lot in lots for key in lot]
    return Outcomes(
        {key: values[key] for key in order if key in values}, {key: errors[key] for key in order if key in errors}
    )
