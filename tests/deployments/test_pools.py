"""What ECS would be asked for, rendered by the worker's own code and held against AWS's own description; no cloud."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator
from prefect.client.schemas.objects import FlowRun
from prefect.utilities.templating import apply_values, find_placeholders
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker
from prefect_aws.workers import ECSWorker
from prefect_aws.workers.ecs_worker import ECSJobConfiguration

from deployments import blueprint
from deployments.blueprint_parts import FARGATE
from deployments.pools import INTO, KINDS, EcsSettings, raw_template, template_of
from deployments.pools.settings import load_ecs_settings
from trading.errors import BadInput
from trading.tables import SECRETS

ROLE = "arn:aws:iam::123456789012:role/trader-task"
SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:trader/coincheck/credentials-AbCdEf"
ACCOUNT = EcsSettings(
    image="123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/trader",
    execution_role_arn=ROLE,
    task_role_arn=ROLE,
    subnets=("subnet-1", "subnet-2"),
    security_groups=("sg-1",),
    region="ap-northeast-1",
    secrets={"coincheck/credentials": SECRET},
    credentials_block_id="0d9c5a4e-0000-4000-8000-000000000000",
)
SITE = blueprint.SITE | {"image": f"{ACCOUNT.image}:abc", "env": {"TRADER_PREFIX": "trader"}}
ENTRIES = {
    one["entrypoint"].split(":")[1]: apply_values(one, {"site": SITE})
    for one in yaml.safe_load(blueprint.FILE.read_text())["deployments"]
}
ECS = botocore.session.get_session().get_service_model("ecs")


def configured(kind: str, flow: str, config: type[Any]) -> Any:
    """The job configuration that a worker makes of a deployment, ready for one run of it."""
    template = template_of(kind, ACCOUNT)
    template["variables"]["properties"].get("aws_credentials", {}).pop("default", None)  # a block, on the server
    job_variables = ENTRIES[flow]["work_pool"]["job_variables"]
    made = asyncio.run(config.from_template_and_values(template, job_variables, client=object()))
    made.prepare_for_flow_run(FlowRun(id=uuid4(), name="a run", flow_id=uuid4(), deployment_id=uuid4()))
    return made


def asked_of_ecs(kind: str, flow: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The bodies of RegisterTaskDefinition and RunTask, as the ECS worker's own code makes them."""
    made = configured(kind, flow, ECSJobConfiguration)
    worker = ECSWorker(work_pool_name="trader")
    run = FlowRun(id=uuid4(), name="a run", flow_id=uuid4(), deployment_id=uuid4())
    definition = worker._prepare_task_definition(made, region="ap-northeast-1", flow_run=run)
    worker._validate_task_definition(definition, made)
    return definition, worker._prepare_task_run_request(made, definition, "arn:aws:ecs:task-definition/x:1", True)


@pytest.mark.parametrize("kind", ["ecs", "ecs:push"])
@pytest.mark.parametrize("flow", ENTRIES)
def test_ecs_would_take_what_it_is_asked_for(kind: str, flow: str) -> None:
    """Every deployment's task definition and run fit AWS's own shapes, in a size that Fargate has."""
    definition, run = asked_of_ecs(kind, flow)
    for body, action in ((definition, "RegisterTaskDefinition"), (run, "RunTask")):
        assert not ParamValidator().validate(body, ECS.operation_model(action).input_shape).generate_report()
    assert int(definition["memory"]) in FARGATE[int(definition["cpu"])]
    assert definition["family"] == ("trader-small" if definition["cpu"] == "512" else "trader-large")
    assert definition["runtimePlatform"]["cpuArchitecture"] == "ARM64"


def test_an_analysis_on_ecs() -> None:
    """The task of an analysis: our image by version, roles, network, log, secrets, and Prefect's command."""
    definition, run = asked_of_ecs("ecs", "analyze")
    container = definition["containerDefinitions"][0]
    assert container["image"] == f"{ACCOUNT.image}:abc"
    assert (container["cpu"], container["memory"]) == (1024, 4096)
    assert container["secrets"][0] == {"name": "TRADER_COINCHECK_ACCESS_KEY", "valueFrom": f"{SECRET}:access_key::"}
    assert container["logConfiguration"]["options"]["awslogs-group"] == "/ecs/trader"
    assert (definition["executionRoleArn"], run["overrides"]["taskRoleArn"]) == (ROLE, ROLE)
    assert run["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-1", "subnet-2"]
    override = run["overrides"]["containerOverrides"][0]
    assert {"name": "TRADER_PREFIX", "value": "trader"} in override["environment"]
    assert override["command"]
    assert (run["launchType"], run["cluster"]) == ("FARGATE", "trader")


def test_a_secret_is_in_nothing_that_is_registered() -> None:
    """A container's secrets are references; no variable that Secrets Manager fills is also set in plain text."""
    definition, run = asked_of_ecs("ecs", "execute_orders")
    filled = {name for variables in INTO.values() for name in variables}
    plain = {one["name"] for one in run["overrides"]["containerOverrides"][0]["environment"]}
    plain |= {one["name"] for one in definition["containerDefinitions"][0].get("environment", [])}
    assert plain & filled == set()
    assert set(INTO) <= set(SECRETS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pool_takes_every_deployment(kind: str) -> None:
    """The template is a JSON schema whose defaults fit it; every deployment's variables, and no others, fit it, too."""
    template = template_of(kind, ACCOUNT)
    schema = template["variables"]
    Draft202012Validator.check_schema(schema)
    references = {"aws_credentials"}  # a block, which the server puts in
    known = schema["properties"]
    defaults = {n: one["default"] for n, one in known.items() if one.get("default") is not None and n not in references}
    for flow, entry in ENTRIES.items():
        given = {**defaults, **entry["work_pool"]["job_variables"]}
        faults = Draft202012Validator({**schema, "additionalProperties": False}).iter_errors(given)
        assert [fault.message for fault in faults] == [], flow
    used = {one.name for one in find_placeholders(template["job_configuration"])}
    assert used <= set(known)
    assert all(one.get("description") for one in known.values())


def test_a_process_pool_leaves_the_size_to_the_machine() -> None:
    """The same job variables make a process run: image and size are declared there, and do nothing."""
    made = configured("process", "analyze", ProcessJobConfiguration)
    assert made.env["TRADER_PREFIX"] == "trader"
    assert set(raw_template("process")["job_configuration"]) == set(
        ProcessWorker.get_default_base_job_template()["job_configuration"]
    )


def test_what_only_the_account_knows_is_asked_for_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the account's values a pool on ECS is refused with every variable missing; a process pool is not."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "TRADER_ECS_IMAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRADER_ECS_SUBNETS", "subnet-1, subnet-2")
    with pytest.raises(
        BadInput, match=r"needs TRADER_ECS_IMAGE, .*TRADER_ECS_SECURITY_GROUPS, TRADER_ECS_REGION; set"
    ) as no:
        template_of("ecs")
    assert "SUBNETS" not in str(no.value)
    assert template_of("process")


def test_the_accounts_values_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids with commas between them, secrets as JSON; a secret that is none of ours is refused."""
    for name, value in (
        ("IMAGE", "i"),
        ("EXECUTION_ROLE_ARN", ROLE),
        ("TASK_ROLE_ARN", ROLE),
        ("SECURITY_GROUPS", "sg-1"),
    ):
        monkeypatch.setenv(f"TRADER_ECS_{name}", value)
    monkeypatch.setenv("TRADER_ECS_SUBNETS", "subnet-1, subnet-2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("TRADER_ECS_SECRETS", json.dumps({"coincheck/credentials": SECRET}))
    read = load_ecs_settings()
    assert (read.subnets, read.region, read.secrets) == (ACCOUNT.subnets, ACCOUNT.region, ACCOUNT.secrets)
    monkeypatch.setenv("TRADER_ECS_SECRETS", json.dumps({"coincheck/credential": SECRET}))
    with pytest.raises(BadInput, match="there is no secret coincheck/credential; there are"):
        load_ecs_settings()


def test_a_push_pool_needs_its_credentials() -> None:
    """Prefect Cloud starts the tasks of a push pool with a block's credentials: without its id it is refused."""
    assert template_of("ecs:push", ACCOUNT)["variables"]["properties"]["aws_credentials"]["default"] == {
        "$ref": {"block_document_id": ACCOUNT.credentials_block_id}
    }
    with pytest.raises(BadInput, match="TRADER_ECS_CREDENTIALS_BLOCK_ID"):
        template_of("ecs:push", ACCOUNT.model_copy(update={"credentials_block_id": None}))
