"""The suites run by Great Expectations, one built-in expectation or several a rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from trading.quality import tell
from trading.quality.findings import Validation
from trading.quality.prepare import prepared
from trading.quality.rules import Suite

if TYPE_CHECKING:
    from adapters.expectations.engine import Engine


class ExpectationsValidator:
    """The Validator port for processes that live long; safe for many threads, which take turns.

    Great Expectations is loaded by the first frame: 3 to 7 s and some 120 MB, once a process.
    """

    def validate(self, suite: Suite, frame: pd.DataFrame, subject: str, at: datetime) -> Validation:
        """What broke which rule. Data never makes it raise."""
        data = prepared(suite, frame)
        results = loaded().run(suite, data).results
        return tell.validation(suite, subject, at, frame, data, broken_rows(suite, data, results))


def loaded() -> Engine:
    """The engine of this process. Imported here: most commands, and every short-lived process, do without it."""
    from adapters.expectations.engine import engine  # noqa: PLC0415 - see above

    return engine()


def broken_rows(suite: Suite, data: pd.DataFrame, results: Iterable[Any]) -> dict[str, list[int]]:
    """The rows that broke each rule, by its name; none for one that is about the whole, or could not be run."""
    lacking = {rule.name for rule in suite.rules if rule.test != "columns" and not tell.runnable(rule, data)}
    broken: dict[str, list[int]] = {}
    for result in results:
        name = result.expectation_config.meta["rule"]
        if not result.success and name not in lacking:
            broken.setdefault(name, []).extend(result.result.get("unexpected_index_list") or ())
    return broken
