"""Where the steps of a large universe run."""

from __future__ import annotations

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from blocks.runners import AsSet
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from trading.errors import BadInput


def test_nothing_set_means_six_threads_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the setting, a run of either flow of all pairs works with six threads."""
    monkeypatch.delenv("TRADER_TASK_RUNNER", raising=False)
    for flow in (analyze, collect_prices):
        runner = flow.task_runner.duplicate()
        assert isinstance(runner, ThreadPoolTaskRunner)
        assert runner == ThreadPoolTaskRunner(max_workers=6)


@pytest.mark.parametrize(("name", "module"), [("dask", "prefect_dask"), ("ray", "prefect_ray")])
def test_a_runner_that_is_not_installed_is_one_clear_line(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster without its package is bad input, and the line says what to install."""
    monkeypatch.setenv("TRADER_TASK_RUNNER", name)
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(BadInput, match=rf"^TRADER_TASK_RUNNER is {name}, .*requirements/distributed.txt`$"):
        AsSet().duplicate()
