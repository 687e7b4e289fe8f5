"""Parts of a deployment that other things know about: its flow, its times, its place, and the steps before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from deployments.pools import KINDS, raw_template
from flows import FLOWS

FARGATE = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""CPU units -> memory in MiB that Fargate takes with them. Source: AWS, "Fargate task definition parameters"."""

LOOKED_AT = (datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=2))
"""Two days show every time of a schedule of ours."""


def flow_of(entrypoint: str) -> Any:
    """The flow behind ``flows/analyze.py:analyze``. Raises LookupError with a line when there is none."""
    path, _, function = entrypoint.partition(":")
    if function not in FLOWS:
        msg = f"there is no flow {function!r} at {entrypoint!r}; flows/__init__.py names {', '.join(FLOWS)}"
        raise LookupError(msg)
    module = FLOWS[function].partition(":")[0]
    if path != f"{module.replace('.', '/')}.py":
        msg = f"the flow is at {module.replace('.', '/')}.py:{function}, not at {entrypoint}"
        raise LookupError(msg)
    return getattr(import_module(module), function)


def pools_say(variables: dict[str, Any]) -> Iterator[str]:
    """Job variables that a type of pool does not know, values that it does not take, sizes that Fargate has not."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with Prefect

    for kind in KINDS:
        schema = raw_template(kind)["variables"]
        known = schema["properties"]
        for name in sorted(set(variables) - set(known)):
            yield f"no job variable {name} in a pool of type {kind}; there are {', '.join(sorted(known))}"
        for fault in Draft202012Validator({**schema, "required": []}).iter_errors(variables):
            yield f"job variable {'.'.join(map(str, fault.path))} in a pool of type {kind}: {fault.message}"
    cpu, memory = variables.get("cpu"), variables.get("memory")
    if memory not in FARGATE.get(cpu or 0, ()):
        yield f"Fargate has no task of {cpu} CPU units with {memory} MiB"


def schedules_say(schedules: list[dict[str, Any]]) -> Iterator[str]:
    """Schedules that cannot be read, have no name of their own, or start two runs of the flow in the same second."""
    from prefect.cli.deploy._models import RawScheduleConfig
    from prefect.cli.deploy._schedules import _schedule_config_to_deployment_schedule

    times: Counter[datetime] = Counter()
    for one in schedules:
        where = f"schedule {one.get('slug', '?')}"
        try:
            RawScheduleConfig.model_validate(one)
            read = _schedule_config_to_deployment_schedule(one)["schedule"]
        except (ValidationError, ValueError) as error:
            yield f"{where}: {_first_of(error)}"
            continue
        if not one.get("timezone"):
            yield f"{where}: says no timezone"
        times.update(_times(read))
    for slug, often in Counter(one.get("slug") for one in schedules).items():
        if slug is None or often > 1:
            yield f"schedule {slug}: every schedule has a slug of its own; by it a redeployment finds it again"
    if doubled := sorted(at for at, often in times.items() if often > 1):
        yield f"two schedules start a run in the same second: {doubled[0]:%H:%M:%S} UTC"


def steps_say(file: dict[str, Any]) -> Iterator[str]:
    """Steps whose function is not there, and a part without steps: without pull, Prefect bakes in where it stood."""
    for part in ("build", "push", "pull"):
        steps = file.get(part)
        if not steps:
            yield f"{part}: there are no steps"
        for step in steps or []:
            module, _, function = next(iter(step)).rpartition(".")
            try:
                getattr(import_module(module), function)
            except (ImportError, AttributeError, ValueError):
                yield f"{part}: there is no step {next(iter(step))}"


def _times(schedule: Any) -> Iterator[datetime]:
    from prefect._vendor.croniter.croniter import croniter

    start, span = LOOKED_AT
    if hasattr(schedule, "cron"):
        cron: Any = croniter(schedule.cron, start.astimezone(ZoneInfo(schedule.timezone or "UTC")))  # type: ignore[no-untyped-call]
        while (at := cron.get_next(datetime).astimezone(UTC)) < start + span:
            yield at
    elif hasattr(schedule, "interval"):
        anchor = datetime.fromtimestamp(schedule.anchor_date.timestamp(), UTC)  # it comes as a pendulum
        at = start + (anchor - start) % schedule.interval
        while at < start + span:
            yield at
            at += schedule.interval


def _first_of(error: ValidationError | ValueError) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ")
    return " ".join(str(error).split())
