"""What is wrong with prefect.yaml, before Prefect deploys it: ``python -m deployments.blueprint``.

``prefect deploy`` takes unknown keys, job variables and parameters without a word, deploys one entry after another and
stops in the middle at the first that fails. Here every entry is held against the flows, the pools and our own list.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with Prefect
from pydantic import BaseModel, ValidationError

from deployments.blueprint_money import file_says, money_says
from deployments.blueprint_parts import flow_of, pools_say, schedules_say, steps_say
from deployments.pools import POOL, QUEUES
from flows import FLOWS

FILE = Path(__file__).resolve().parents[1] / "prefect.yaml"
SITE = {
    "desk": "paper", "version": "0", "directory": "/app", "image": "image:0", "env": {"TRADER_PREFIX": "trader"},
    "trigger_on": True,
}  # fmt: skip
"""What the step `site` tells, in shape."""

STRATEGIES = ("CANCEL_NEW", "ENQUEUE")
SAID = ("name", "description", "tags", "version", "parameters", "schedules", "concurrency_limit", "work_pool")
"""What every deployment of ours says, also where Prefect has a default."""


class _Strict(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML in which a key that stands twice is a mistake: the plain loader takes the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, times in Counter(str(key.value) for key, _ in node.value).items():
            if times > 1:
                problem = f"the key {key} stands {times} times"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def complaints(text: str) -> list[str]:
    """Every mistake of a prefect.yaml as a line that says where it is and what; none when it may be deployed."""
    try:
        file = yaml.load(text, _Strict)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        return [f"prefect.yaml cannot be read: {' '.join(str(error).split())}"]
    if not isinstance(file, dict) or not isinstance(file.get("deployments"), list):
        return ["prefect.yaml has no list of deployments"]
    return [*file_says(file, text), *_file_says(file)]


def _file_says(file: dict[str, Any]) -> Iterator[str]:
    from prefect.cli.deploy._models import PrefectYamlModel

    yield from _unknown(file, {*_keys(PrefectYamlModel), "definitions"}, "the file")
    yield from steps_say(file)
    entries = [one for one in file["deployments"] if isinstance(one, dict)]
    flows = Counter(str(one.get("entrypoint", "")).split(":")[-1] for one in entries)
    for flow in FLOWS:
        if not flows[flow]:
            yield f"{flow}: the flow has no deployment"
    for flow, times in flows.items():
        if times > 1:
            yield f"{flow}: is deployed {times} times; the last one would win"
    for number, entry in enumerate(entries, 1):
        where = str(entry.get("entrypoint", "")).split(":")[-1] or f"deployment {number}"
        yield from (f"{where}: {said}" for said in (*money_says(where, entry), *_entry_says(entry)))


def _entry_says(entry: dict[str, Any]) -> Iterator[str]:
    from prefect.cli.deploy._models import DeploymentConfig

    yield from _unknown(entry, _keys(DeploymentConfig), "the deployment")
    yield from (f"says nothing of {key}" for key in SAID if entry.get(key) in (None, ""))
    yield from _placeholders_say(entry)
    rendered = _rendered(entry)
    yield from _flow_says(rendered)
    yield from _limit_says(rendered.get("concurrency_limit"))
    yield from _place_says(rendered.get("work_pool"))
    yield from schedules_say(rendered.get("schedules") or [])
    yield from _triggers_say(rendered.get("triggers") or [])


def _placeholders_say(entry: dict[str, Any]) -> Iterator[str]:
    """Complain about what no step tells: Prefect would leave it out with a warning."""
    from prefect.utilities.templating import find_placeholders

    told = {f"site.{name}" for name in SITE}
    for one in sorted({one.name for one in find_placeholders(entry)} - told):
        yield f"nothing provides {{{{ {one} }}}}; there are {', '.join(sorted(told))}"


def _rendered(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry as the steps fill it in."""
    from prefect.utilities.templating import apply_values

    rendered: dict[str, Any] = apply_values(entry, {"site": SITE}, remove_notset=False)  # type: ignore[assignment]
    return rendered


def _flow_says(entry: dict[str, Any]) -> Iterator[str]:
    from prefect.exceptions import ParameterTypeError

    try:
        flow = flow_of(str(entry.get("entrypoint", "")))
    except LookupError as error:
        yield str(error.args[0])
        return
    given = entry.get("parameters") or {}
    known = flow.parameters.properties
    if unknown := sorted(set(given) - set(known)):
        yield f"the flow has no parameter {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        return
    if missing := sorted(set(flow.parameters.required) - set(given)):
        yield f"the flow needs the parameter {', '.join(missing)}"
    try:
        flow.validate_parameters(given)
    except ParameterTypeError as error:
        yield f"a parameter does not fit: {' '.join(str(error).split())}"


def _limit_says(limit: Any) -> Iterator[str]:
    from prefect.cli.deploy._models import ConcurrencyLimitSpec

    if not isinstance(limit, dict):
        yield "the concurrency limit is to say both limit and collision_strategy"
        return
    yield from _unknown(limit, _keys(ConcurrencyLimitSpec), "concurrency_limit")
    if limit.get("limit") != 1:
        yield f"concurrency_limit: one run at a time, not {limit.get('limit')}"
    if limit.get("collision_strategy") not in STRATEGIES:
        yield f"concurrency_limit: collision_strategy is one of {', '.join(STRATEGIES)}"


def _place_says(place: Any) -> Iterator[str]:
    from prefect.cli.deploy._models import WorkPoolConfig

    if not isinstance(place, dict):
        yield "work_pool says name, work_queue_name and job_variables"
        return
    yield from _unknown(place, _keys(WorkPoolConfig), "work_pool")
    if place.get("name") != POOL:
        yield f"there is no work pool {place.get('name')!r}; ours is {POOL}"
    if place.get("work_queue_name") not in QUEUES:
        yield f"there is no work queue {place.get('work_queue_name')!r}; there are {', '.join(QUEUES)}"
    yield from pools_say(place.get("job_variables") or {})


def _triggers_say(triggers: list[dict[str, Any]]) -> Iterator[str]:
    from prefect.cli.deploy._triggers import DeploymentTriggerAdapter
    from prefect.events import DeploymentEventTrigger

    for trigger in triggers:
        yield from _unknown(trigger, _keys(DeploymentEventTrigger), "a trigger")
        try:
            DeploymentTriggerAdapter.validate_python(trigger)
        except ValidationError as error:
            yield f"a trigger does not fit: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"


def _unknown(mapping: dict[str, Any], known: set[str], where: str) -> Iterator[str]:
    for key in sorted(set(map(str, mapping)) - known):
        yield f"{where} has the unknown key {key}; Prefect would ignore it"


def _keys(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def main() -> None:
    """Print what is wrong, a line each, and end with 1; or say that nothing is."""
    found = complaints(FILE.read_text())
    for line in found:
        print(line, file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"prefect.yaml: {len(FLOWS)} deployments, nothing to complain about")


if __name__ == "__main__":
    main()
