"""Our own rules for what money hangs on: mistakes in prefect.yaml that fit every schema and still cost something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployments.as_code.kept import TRIGGER

AT_MOST_S = {"execute_orders": 60, "monitor_positions": 120, "reconcile": 300, "collect_prices": 300}
"""Flow -> the longest time between two of its runs."""

MONEY = ("execute_orders", "monitor_positions", "reconcile", "remediate_error")
"""Flows in the queue that is served first."""

IN_TURN = ("analyze", "remediate_error", "report_daily", "backfill")
"""Flows whose runs wait for each other; a run of another flow that meets one is dropped."""

NIGHTLY = {"report_daily": "0 23 * * *", "archive": "10 1 * * *", "backup": "40 1 * * *", "data_docs": "10 2 * * *"}
"""Flow -> its time of day in Tokyo, where a day of the reports ends."""

AFTER_THE_CLOSE = re.compile(r"[T ]\d\d:\d[05]:20\+00:00$")
"""20 s after candles of five minutes close: earlier they are not there, later the prices of an analysis are old."""

ORDER_QUEUED = {
    "type": "event",
    "name": TRIGGER,
    "expect": ["trader.order.queued"],
    "match": {"prefect.resource.id": "trader.order.*"},
    "posture": "Reactive",
    "threshold": 1,
    "within": 0,
    "enabled": "{{ site.trigger_on }}",
}

VARIABLES = frozenset({"image", "cpu", "memory", "family", "env"})
OF_PLACE = {"desk": "{{ site.desk }}"}
PULL = [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ site.directory }}"}}]
BUILD = [{"deployments.steps.site": {"id": "site"}}, {"deployments.steps.build_image": {}}]
PUSH: list[dict[str, Any]] = [{"deployments.steps.push_image": {}}]
NEVER = re.compile(r"TRADER_LIVE|I-accept-real-orders|\w+_(?:KEY|SECRET|PASSWORD|TOKEN)\w*|://[^/\s]*@")
"""What arms a desk, and what is secret; neither belongs into a file."""


def file_says(file: Mapping[str, Any], text: str) -> Iterator[str]:
    """Steps that are not ours, in our order, and what may stand in no file; comments are free."""
    for part, steps in (("build", BUILD), ("push", PUSH), ("pull", PULL)):
        if file.get(part) != steps:
            yield f"{part}: the steps are to be {steps}"
    for number, line in enumerate(text.splitlines(), 1):
        if found := NEVER.search(line.partition("#")[0]):
            yield f"line {number}: {found.group()} does not belong into this file"


def money_says(flow: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """What an entry, as it stands in the file, would do to money."""
    yield from _rhythm_says(flow, entry.get("schedules") or [])
    wanted = [ORDER_QUEUED] if flow == "execute_orders" else []
    found = [{key: value for key, value in one.items() if key != "description"} for one in entry.get("triggers") or []]
    if found != wanted:
        yield f"the triggers are to be {wanted}"
    parameters = OF_PLACE | ({"with_orders": False} if flow == "analyze" else {})
    if entry.get("parameters") != parameters:
        yield f"the parameters are to be {parameters}, no others"
    if entry.get("name") != "trader":
        yield "the name is to be trader: others find it by that"
    for key in sorted({"paused", "enforce_parameter_schema", "build", "push", "pull"} & set(entry)):
        yield f"{key} is not to be set here"
    yield from _place_says(flow, entry)


def _rhythm_says(flow: str, schedules: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in schedules:
        for key in sorted({"active", "parameters", "replaces"} & set(one)):
            yield f"schedule {one.get('slug', '?')}: {key} is not to be set here"
    if flow in AT_MOST_S and not any(one.get("interval") in range(1, AT_MOST_S[flow] + 1) for one in schedules):
        yield f"is to run every {AT_MOST_S[flow]} s or more often, by an interval"
    closes = [AFTER_THE_CLOSE.search(str(one.get("anchor_date"))) for one in schedules]
    if flow == "collect_prices" and not all(closes):
        yield "is to start 20 s after the candles of five minutes close"
    if flow in NIGHTLY and [(one.get("cron"), one.get("timezone")) for one in schedules] != [
        (NIGHTLY[flow], "Asia/Tokyo")
    ]:
        yield f"is to run at {NIGHTLY[flow]!r} in Asia/Tokyo"


def _place_says(flow: str, entry: Mapping[str, Any]) -> Iterator[str]:
    place, limit = entry.get("work_pool"), entry.get("concurrency_limit")
    if not isinstance(place, Mapping) or not isinstance(limit, Mapping):
        return  # said elsewhere
    queue = place.get("work_queue_name")
    if (queue == "money") is not (flow in MONEY):
        yield f"the work queue {queue}: in money are {', '.join(MONEY)}"
    variables = place.get("job_variables") or {}
    if variables.get("env") != "{{ site.env }}":
        yield 'the job variable env is to be "{{ site.env }}"'
    if others := sorted(set(variables) - VARIABLES):
        yield f"the job variable {', '.join(others)} is not to be set here"
    strategy = "ENQUEUE" if flow in IN_TURN else "CANCEL_NEW"
    if dict(limit) != {"limit": 1, "collision_strategy": strategy}:
        yield f"concurrency_limit is to be 1 with {strategy}, and nothing else"
