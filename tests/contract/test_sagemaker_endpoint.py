"""SageMaker's control plane through real boto3: against the stand-in, and what it cannot play through botocore's stubs.

moto 5.2 knows no UpdateEndpoint and calls every endpoint InService at once: the one is added here, the other set.
"""

from __future__ import annotations

import io
from dataclasses import replace

import boto3
import pytest
from botocore.stub import Stubber
from moto.backends import get_backend
from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse

from adapters.forecast.files import SHIPPED
from adapters.provision import provision
from adapters.sagemaker_endpoint import Endpoint, EndpointConfig, SageMakerControl, open_sagemaker
from deployments.model.endpoint import IMAGE, Deployer, Plan
from deployments.model.package import pack, read_package
from tests.contract.conftest import ACCOUNT
from trading.errors import Halt, Rejected, Transient, Unknown
from trading.tables import BUCKETS

REGION = "ap-northeast-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/forecast"


@pytest.fixture(autouse=True)
def stand_in_url(aws, monkeypatch):
    """A client made in a test goes where the stand-in is, and moves endpoints as SageMaker does."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)

    def update_endpoint(response):
        endpoint = _endpoints()[response._get_param("EndpointName")]
        endpoint.endpoint_config_name = response._get_param("EndpointConfigName")
        return ActionResult({"EndpointArn": endpoint.arn})

    monkeypatch.setattr(SageMakerResponse, "update_endpoint", update_endpoint, raising=False)


def _endpoints():
    return get_backend("sagemaker")[ACCOUNT][REGION].endpoints


@pytest.fixture
def control(aws):
    return open_sagemaker(aws)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack(SHIPPED, tmp_path_factory.mktemp("package") / "model.tar.gz")


@pytest.fixture
def plan(aws, names, package):
    provision(names, aws, tables=(), queues=(), buckets=[one for one in BUCKETS if one.purpose == "models"])
    return Plan(f"{names.prefix}-forecast", package, names.bucket("models"), ROLE, IMAGE.format(region=REGION))


@pytest.fixture
def deployer(control):
    return Deployer(control, say=lambda _: None, pause=lambda _: None, limit_s=20)


def made(endpoint):
    """Names of what SageMaker holds for an endpoint, as another client sees it."""
    client = boto3.client("sagemaker")
    listed = [
        (client.list_models()["Models"], "ModelName"),
        (client.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"),
        (client.list_endpoints()["Endpoints"], "EndpointName"),
    ]
    return [[row[key] for row in rows if endpoint in row[key]] for rows, key in listed]


def test_a_deployment_makes_what_sagemaker_needs(deployer, plan):
    """Package, model, serverless configuration and endpoint, as boto3 reads them back."""
    deployer.deploy(plan)
    client = boto3.client("sagemaker")
    model = client.describe_model(ModelName=plan.model)
    assert model["ExecutionRoleArn"] == ROLE
    assert model["PrimaryContainer"]["Image"] == plan.image
    assert model["PrimaryContainer"]["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    (variant,) = client.describe_endpoint_config(EndpointConfigName=plan.config.name)["ProductionVariants"]
    assert (variant["ModelName"], variant["ServerlessConfig"]) == (
        plan.model,
        {"MemorySizeInMB": 6144, "MaxConcurrency": 8},
    )
    assert client.describe_endpoint(EndpointName=plan.endpoint)["EndpointConfigName"] == plan.config.name


def test_what_the_model_loads_is_the_package(deployer, plan, aws, tmp_path):
    """The model's ModelDataUrl and the well-known key both hold the package, byte for byte, and it checks out."""
    deployer.deploy(plan)
    url = boto3.client("sagemaker").describe_model(ModelName=plan.model)["PrimaryContainer"]["ModelDataUrl"]
    assert url == plan.artefact
    for uri in (url, f"s3://{plan.bucket}/chronos-2/model.tar.gz"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = io.BytesIO()
        aws.s3.download_fileobj(bucket, key, found)
        (tmp_path / "found").write_bytes(found.getvalue())
        assert read_package(tmp_path / "found").digest == plan.package.digest


def test_deployed_again_nothing_doubles(deployer, plan):
    """One model, one configuration, one endpoint, after any number of deployments."""
    deployer.deploy(plan)
    once = made(plan.endpoint)
    assert deployer.deploy(plan)["changed"] == []
    assert made(plan.endpoint) == once == [[plan.model], [plan.config.name], [plan.endpoint]]


def test_an_update_leaves_only_the_new(deployer, plan):
    """Another concurrency: the endpoint moves, the old configuration goes; another image: the old model goes too."""
    deployer.deploy(plan)
    wider = replace(plan, concurrency=9)
    deployer.deploy(wider, must_exist=True)
    assert made(plan.endpoint) == [[plan.model], [wider.config.name], [plan.endpoint]]
    newer = replace(wider, image="123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/own:1")
    deployer.deploy(newer)
    assert made(plan.endpoint) == [[newer.model], [newer.config.name], [plan.endpoint]]
    assert deployer.status(plan.endpoint)["config"]["concurrency"] == 9


def test_deleted_twice_is_deleted_once(deployer, plan):
    """Endpoint, configuration and model go; the second time there is nothing to do, and status says absent."""
    deployer.deploy(plan)
    assert deployer.delete(plan.endpoint)["removed"] == [f"endpoint {plan.endpoint}", plan.config.name, plan.model]
    assert deployer.delete(plan.endpoint)["removed"] == []
    assert made(plan.endpoint) == [[], [], []]
    assert deployer.status(plan.endpoint)["status"] == "absent"


def test_a_failed_endpoint_is_told_with_its_reason_and_replaced(deployer, plan, control):
    """Status shows SageMaker's FailureReason; the next deployment makes the endpoint anew."""
    deployer.deploy(plan)
    _endpoints()[plan.endpoint].endpoint_status = "Failed"
    _endpoints()[plan.endpoint].failure_reason = "CannotStartContainerError"
    assert control.endpoint(plan.endpoint) == Endpoint(
        plan.endpoint, "Failed", plan.config.name, "CannotStartContainerError"
    )
    assert deployer.status(plan.endpoint)["reason"] == "CannotStartContainerError"
    assert deployer.deploy(plan)["changed"] == ["endpoint made"]
    assert control.endpoint(plan.endpoint).status == "InService"


def test_without_the_bucket_the_line_names_the_command(deployer, plan):
    """`trader init` makes it; SageMaker is asked for nothing."""
    nowhere = replace(plan, bucket=f"{plan.bucket}-not-made")
    with pytest.raises(Halt, match="`trader init` makes"):
        deployer.deploy(nowhere)
    assert made(plan.endpoint) == [[], [], []]


def test_a_package_that_is_stored_is_not_sent_again(control, plan):
    """The digest in the object's metadata says so; other content is sent."""
    uri = f"s3://{plan.bucket}/x"
    assert control.upload(plan.package.file, uri, "a") is True
    assert control.upload(plan.package.file, uri, "a") is False
    assert control.upload(plan.package.file, uri, "b") is True


def test_what_is_absent_is_none_and_removing_it_is_no_error(control):
    """Endpoint, configuration and model of a name that nobody made."""
    assert (control.endpoint("none"), control.config("none")) == (None, None)
    assert not any((control.remove_endpoint("none"), control.remove_config("none"), control.remove_model("none")))
    assert (control.configs("none-"), control.models("none-")) == ([], [])


# ------------------------------------------------------------------------------------ what the stand-in cannot play


@pytest.fixture
def stubbed(aws):
    """A control over stubbed clients, and the two stubs."""
    clients = [boto3.client(name) for name in ("sagemaker", "service-quotas")]
    stubs = [Stubber(client) for client in clients]
    for stub in stubs:
        stub.activate()
    return SageMakerControl(aws, *clients), *stubs


def quotas(*rows):
    return {"Quotas": [{"QuotaName": name, "QuotaCode": code, "Value": value} for name, code, value in rows]}


SERVERLESS = ("Maximum total concurrency that can be allocated across all serverless endpoints", "L-1", 10.0)
OTHER = ("ml.m5.large for endpoint usage", "L-2", 4.0)


def test_the_quota_is_found_on_any_page(stubbed):
    """Hundreds of SageMaker quotas come in pages; the one of serverless endpoints together is the one."""
    control, _, stub = stubbed
    stub.add_response("list_service_quotas", quotas(OTHER) | {"NextToken": "t"}, {"ServiceCode": "sagemaker"})
    again = {"ServiceCode": "sagemaker", "NextToken": "t"}
    stub.add_response("list_service_quotas", quotas(SERVERLESS), again)
    assert control.serverless_quota().value == 10
    stub.assert_no_pending_responses()


def test_a_quota_that_was_never_changed_is_the_default(stubbed):
    """Not among the account's own: AWS's default counts. In neither list: Rejected."""
    control, _, stub = stubbed
    for defaults in (quotas(SERVERLESS), quotas(OTHER)):
        stub.add_response("list_service_quotas", quotas(OTHER))
        stub.add_response("list_aws_default_service_quotas", defaults)
    assert control.serverless_quota().code == "L-1"
    with pytest.raises(Rejected, match="lists no total concurrency"):
        control.serverless_quota()


def test_a_quota_that_we_may_not_read_halts(stubbed):
    """AccessDenied is for a person."""
    control, _, stub = stubbed
    stub.add_client_error("list_service_quotas", "AccessDeniedException", http_status_code=400)
    with pytest.raises(Halt, match="permissions"):
        control.serverless_quota()


CONFIG = EndpointConfig("c", "m", 6144, 8)


@pytest.mark.parametrize(
    ("code", "status", "message", "kind", "words"),
    [
        ("ResourceLimitExceeded", 400, "The account-level service limit is 5", Halt, "is 5; `trader model quota`"),
        ("ResourceInUse", 400, "being updated", Transient, "run it again when that is done"),
        ("ThrottlingException", 400, "Rate exceeded", Transient, "Rate exceeded"),
        ("InternalFailure", 500, "oops", Unknown, "may have been written"),
        ("ValidationException", 400, 'Could not find model "m"', Halt, "Could not find model"),
        ("AccessDeniedException", 400, "User: arn planted", Halt, "permissions"),
    ],
)
def test_what_sagemaker_refuses_says_who_acts(stubbed, code, status, message, kind, words):
    """Limits and wrong requests a person, a busy thing time, and no answer leaves it open; one line each."""
    control, stub, _ = stubbed
    stub.add_client_error("create_endpoint_config", code, message, http_status_code=status)
    with pytest.raises(kind, match=words) as said:
        control.make_config(CONFIG)
    assert "planted" not in str(said.value)
    assert "\n" not in str(said.value)


def test_what_somebody_made_first_is_fine(stubbed):
    """Two deployments at once, or a reply that was lost: the name stands for the content."""
    control, stub, _ = stubbed
    words = "Cannot create already existing endpoint configuration"
    stub.add_client_error("create_endpoint_config", "ValidationException", words)
    control.make_config(CONFIG)
    stub.add_client_error("create_endpoint", "ValidationException", "Cannot create already existing endpoint")
    control.make_endpoint("e", "c")
    stub.assert_no_pending_responses()


def test_an_endpoint_that_is_not_serverless_is_read_too(stubbed):
    """Somebody's instance endpoint: memory and concurrency are 0 instead of an error."""
    control, stub, _ = stubbed
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    told = {
        "EndpointConfigName": "c", "EndpointConfigArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint-config/c",
        "ProductionVariants": [variant], "CreationTime": 0,
    }  # fmt: skip
    stub.add_response("describe_endpoint_config", told)
    assert control.config("c") == EndpointConfig("c", "m", 0, 0)
