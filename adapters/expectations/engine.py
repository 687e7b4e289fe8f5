"""One ephemeral context a process, and one validation definition a suite, which is used over and over.

Import this only where Great Expectations is wanted: it takes seconds. The context is global to that library, so the
checks and the Data Docs share it, and a lock keeps threads apart.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import ProgressBarsConfig

from adapters.expectations.translate import expectations_of
from trading.quality.rules import Suite

type Run = tuple[Suite, pd.DataFrame, str, datetime]
"""A prepared frame to be checked for the Data Docs, whose it is, and when."""

SAME_RUN = RunIdentifier(run_name="gate", run_time=datetime(2000, 1, 1, tzinfo=UTC))
"""Every run has the same name, so that the library keeps the last result of each suite, not all of a process's life."""
WHETHER = {"result_format": "BOOLEAN_ONLY"}
"""Whether each rule holds: half the time of knowing where it does not."""
WHERE = {"result_format": "COMPLETE"}
"""The index of every row that broke a rule."""
SITE = "quality"


class Engine:
    """The context, used by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._context: Any = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._context.enable_analytics(enable=False)
        source = self._context.data_sources.add_pandas("frames")
        self._batch = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")
        self._definitions: dict[Suite, Any] = {}

    def run(self, suite: Suite, data: pd.DataFrame) -> Any:
        """The library's result of a suite over a prepared frame; with the rows that broke it, when it did not pass."""
        with self._lock:
            found = self._run(suite, data, SAME_RUN, WHETHER)
            return found if found.success else self._run(suite, data, SAME_RUN, WHERE)

    def pages(self, runs: Sequence[Run], folder: Path) -> list[Any]:
        """The library's Data Docs of these runs, and of no others, into a folder; the result of each run."""
        with self._lock, self._site(folder):
            named = ((suite, data, RunIdentifier(run_name=subject, run_time=at)) for suite, data, subject, at in runs)
            results = [self._run(*run, WHERE) for run in named]
            self._context.build_data_docs(site_names=[SITE])
        return results

    def _run(self, suite: Suite, data: pd.DataFrame, run_id: RunIdentifier, result_format: dict[str, str]) -> Any:
        definition = self._definition(suite)
        return definition.run(batch_parameters={"dataframe": data}, result_format=result_format, run_id=run_id)

    def _definition(self, suite: Suite) -> Any:
        """The validation definition of a suite, made once. A changed strategy makes another suite of the same name."""
        if suite not in self._definitions:
            number = sum(known.name == suite.name for known in self._definitions)
            name = f"{suite.name}-{number + 1}" if number else suite.name
            made = self._context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations_of(suite)))
            definition = gx.ValidationDefinition(name=name, data=self._batch, suite=made)
            self._definitions[suite] = self._context.validation_definitions.add(definition)
        return self._definitions[suite]

    @contextmanager
    def _site(self, folder: Path) -> Iterator[None]:
        """The context with a site in a folder and without results; what was added to it is taken away again."""
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
        index = {"class_name": "DefaultSiteIndexBuilder"}
        site = {"class_name": "SiteBuilder", "show_how_to_buttons": False, "site_index_builder": index}
        self._forget()
        self._context.add_data_docs_site(site_name=SITE, site_config={**site, "store_backend": store})
        try:
            yield
        finally:
            self._context.delete_data_docs_site(site_name=SITE)
            self._forget()

    def _forget(self) -> None:
        results = self._context.validation_results_store
        for key in results.list_keys():
            results.remove_key(key)


@cache
def engine() -> Engine:
    """The engine of this process."""
    return Engine()
