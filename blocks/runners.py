"""Where the steps of a large universe run: threads of this process, or a Dask or Ray cluster.

Orders, positions and the books are never handed to a cluster: their steps are few and wait for a venue.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from blocks.settings import Settings, load_settings
from trading.errors import BadInput

THREADS = 6
"""One per pair of the design; a model endpoint takes no more at once either (I13)."""
HOW = "uv pip install --no-deps --require-hashes -r requirements/distributed.txt"


class AsSet(TaskRunner[Any]):
    """Stands where a flow is declared, and becomes what the settings say when a run begins."""

    def duplicate(self) -> Any:
        """The runner of one run. Raises BadInput when the settings name one that is not installed."""
        return runner_of(load_settings())

    def submit(self, *_: Any, **__: Any) -> Any:
        """Nothing runs here: a run asks for its own runner first."""
        msg = "a flow run works with a duplicate of its task runner"
        raise NotImplementedError(msg)


def runner_of(settings: Settings) -> TaskRunner[Any]:
    """The task runner that the settings name."""
    return _RUNNERS[settings.task_runner](settings.task_runner_address)


def _threads(_address: str | None) -> TaskRunner[Any]:
    return ThreadPoolTaskRunner(max_workers=THREADS)


def _dask(address: str | None) -> TaskRunner[Any]:
    """A cluster, or worker processes of this machine. One thread each: a process opens its desk in one thread."""
    runner = _installed("prefect_dask", "dask").DaskTaskRunner
    local = {"n_workers": os.cpu_count(), "threads_per_worker": 1, "dashboard_address": None}
    return runner(address=address) if address else runner(cluster_kwargs=local)  # type: ignore[no-any-return]


def _ray(address: str | None) -> TaskRunner[Any]:
    """A cluster, or worker processes of this machine; Ray tells nobody of it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    runner = _installed("prefect_ray", "ray").RayTaskRunner
    local = {"num_cpus": os.cpu_count(), "include_dashboard": False}
    return runner(address=address) if address else runner(init_kwargs=local)  # type: ignore[no-any-return]


def _installed(module: str, name: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        msg = f"TRADER_TASK_RUNNER is {name}, which is not installed here; install it with `{HOW}`"
        raise BadInput(msg) from error


_RUNNERS: dict[str, Callable[[str | None], TaskRunner[Any]]] = {"threads": _threads, "dask": _dask, "ray": _ray}
