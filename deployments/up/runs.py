"""What a Prefect server says of our runs: over its API, without Prefect, so that ``trader up`` itself stays small."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trading.errors import Transient

ENDED = ("COMPLETED", "FAILED", "CRASHED")
UNDER_WAY = ("RUNNING", "PENDING", "CANCELLING")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: of which flow, in which state, since or until when, how long it took, what its state says."""

    run_id: str
    flow: str
    state: str
    at: datetime
    took_s: float
    message: str


class Runs:
    """The runs on one server. Every method raises Transient with one line when it refuses or does not answer."""

    def __init__(self, api_url: str) -> None:
        self._api = api_url
        self._flows: dict[str, str] = {}

    def page(self, run: Run) -> str:
        """Where a run is shown, with its log."""
        return f"{self._api.removesuffix('/api')}/v2/runs/flow-run/{run.run_id}"

    def ended(self, since: datetime) -> list[Run]:
        """Those that ended after a time, the earliest first; not those that another run made superfluous."""
        asked = {"state": {"type": {"any_": list(ENDED)}}, "end_time": {"after_": since.isoformat()}}
        return [self._run(one, "end_time") for one in self._filter(asked, "END_TIME_DESC")][::-1]

    def under_way(self) -> list[Run]:
        """Those that somebody works on."""
        found = self._filter({"state": {"type": {"any_": list(UNDER_WAY)}}}, "START_TIME_ASC")
        return [self._run(one, "start_time") for one in found]

    def coming(self, now: datetime, limit: int = 40) -> list[Run]:
        """The next ones, the earliest first; not those that are late already."""
        asked = {"state": {"type": {"any_": ["SCHEDULED"]}}, "next_scheduled_start_time": {"after_": now.isoformat()}}
        found = self._filter(asked, "NEXT_SCHEDULED_START_TIME_ASC", limit)
        return [self._run(one, "next_scheduled_start_time") for one in found]

    def give_up(self, runs: Sequence[Run], why: str) -> int:
        """Mark runs as crashed: whoever worked on them is gone, and they must not hold their limits.

        The tasks of every crashed run too: Prefect leaves them as they were when their process died.
        """
        crashed = {"state": {"type": "CRASHED", "name": "Crashed", "message": why}}
        for run in runs:
            self._call(f"/flow_runs/{run.run_id}/set_state", crashed)
        left = {
            "task_runs": {"state": {"type": {"any_": list(UNDER_WAY)}}},
            "flow_runs": {"state": {"type": {"any_": ["CRASHED"]}}},
        }
        for task in self._call("/task_runs/filter", left):
            self._call(f"/task_runs/{task['id']}/set_state", crashed)
        return len(runs)

    def ask_for(self, flow: str, key: str) -> None:
        """One run of a flow's deployment, now, beside its schedule. Asked again with the same key: still one."""
        deployment = self._call(f"/deployments/name/{flow}/trader")["id"]
        self._call(
            f"/deployments/{deployment}/create_flow_run", {"state": {"type": "SCHEDULED"}, "idempotency_key": key}
        )

    def _filter(self, asked: dict[str, Any], sort: str, limit: int = 100) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call(
            "/flow_runs/filter", {"flow_runs": asked, "sort": sort, "limit": limit}
        )
        if any(one["flow_id"] not in self._flows for one in found):
            self._flows = {one["id"]: one["name"] for one in self._call("/flows/filter", {})}
        return found

    def _run(self, one: dict[str, Any], at: str) -> Run:
        state, when = one["state"] or {}, one[at] or one["expected_start_time"] or one["created"]
        name = self._flows.get(one["flow_id"], "a flow")
        told = " ".join(str(state.get("message") or "").split())
        moment = datetime.fromisoformat(when)
        return Run(one["id"], name, str(one["state_name"]), moment, float(one["total_run_time"] or 0), told)

    def _call(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 (an http address of a setting)
            self._api + path, data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
                return json.load(reply)
        except urllib.error.HTTPError as error:
            msg = f"the Prefect server at {self._api} refused {path} with {error.code} ({error.reason})"
            raise Transient(msg) from error
        except (OSError, ValueError) as error:
            msg = f"the Prefect server at {self._api} does not answer: {error}"
            raise Transient(msg) from error
