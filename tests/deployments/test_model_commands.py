"""``trader model``: what its commands print, and that they hold back where a person should decide first."""

from __future__ import annotations

import json
from itertools import count

import pytest
from typer.testing import CliRunner

from adapters.provision import provision
from adapters.sagemaker_endpoint import ServiceQuota, open_sagemaker
from deployments.commands.model import model
from tests.contract import backends
from trading.errors import BadInput, Halt
from trading.tables import BUCKETS, Names

ROLE = "arn:aws:iam::123456789012:role/forecast"
COMMANDS = ["package", "deploy", "update", "delete", "status", "quota", "serve", "card"]
_numbers = count()


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody is there: what must ask nothing, asks nothing
    return tmp_path / "state"


@pytest.fixture(scope="module")
def aws():
    with backends.stand_in() as aws:
        yield aws


@pytest.fixture
def bucket(aws, monkeypatch):
    """An AWS with the models bucket of a desk of its own, and a quota of 10; its clients are opened once."""
    prefix = f"model-{next(_numbers)}"
    monkeypatch.setenv("TRADER_PREFIX", prefix)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    control = open_sagemaker(aws)
    monkeypatch.setattr("adapters.aws.open_aws", lambda: aws)
    monkeypatch.setattr("adapters.sagemaker_endpoint.open_sagemaker", lambda _: control)
    monkeypatch.setattr(control, "serverless_quota", lambda: ServiceQuota("q", "L-1", 10))
    names = Names(prefix, "123456789012")
    provision(names, aws, tables=(), queues=(), buckets=[one for one in BUCKETS if one.purpose == "models"])
    return names.bucket("models")


def trader_model(*words):
    """What a command prints as JSON. Raises what it raises."""
    done = CliRunner().invoke(model, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_help_is_worth_reading():
    """Every command says what it does; the group says how to deploy and how to try it without AWS."""
    text = CliRunner().invoke(model, ["--help"]).stdout
    assert all(f" {name} " in text for name in COMMANDS)
    assert "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME" in text
    assert "--dry-run" in text
    for name in COMMANDS:
        assert CliRunner().invoke(model, [name, "--help"]).exit_code == 0
    assert CliRunner().invoke(model, ["deploy", "--max-concurrency", "many"]).exit_code == 2


def test_package_goes_to_the_state_directory_and_is_deployable(state):
    """Without options the shipped model is packed there; --out and --package name another place."""
    told = trader_model("package")
    assert told["package"] == str(state / "model" / "model.tar.gz")
    other = trader_model("package", "--out", str(state / "other.tar.gz"))
    assert other["digest"] == told["digest"]
    plan = trader_model("deploy", "--dry-run", "--role", ROLE, "--package", other["package"])
    assert plan["package"]["digest"] == told["digest"]


def test_a_dry_run_asks_aws_nothing():
    """With an AWS that is not there, it prints every name and size that it would use."""
    told = trader_model("deploy", "--dry-run", "--role", ROLE)
    assert told["dry_run"] is True
    assert told["endpoint"] == "trader-chronos-2"
    assert told["artefact"].startswith("s3://trader-models-123456789012/chronos-2/")
    assert told["newest"] == "s3://trader-models-123456789012/chronos-2/model.tar.gz"
    assert told["model"].startswith("chronos-2-")
    assert (told["config"]["memory_mb"], told["config"]["concurrency"]) == (6144, 8)
    assert told["image"] == "763104351884.dkr.ecr.ap-northeast-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"


def test_the_endpoint_is_the_one_the_desk_asks(monkeypatch):
    """TRADER_SAGEMAKER_ENDPOINT names it, --endpoint goes before."""
    monkeypatch.setenv("TRADER_SAGEMAKER_ENDPOINT", "from-the-desk")
    assert trader_model("deploy", "--dry-run", "--role", ROLE)["endpoint"] == "from-the-desk"
    assert trader_model("deploy", "--dry-run", "--role", ROLE, "--endpoint", "mine")["endpoint"] == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [(["deploy"], "--role is missing"), (["deploy", "--role", ROLE, "--endpoint", "a b"], "1 to 35 letters")],
)
def test_what_is_missing_is_said_before_anything_is_made(words, said):
    """One line, and AWS is not asked."""
    with pytest.raises(BadInput, match=said):
        trader_model(*words)


def test_deploy_again_update_and_delete(bucket):
    """The life of an endpoint through the commands; limits that were checked are part of the answer."""
    assert trader_model("status")["status"] == "absent"
    with pytest.raises(Halt, match="there is no endpoint model-"):
        trader_model("update", "--role", ROLE)
    told = trader_model("deploy", "--role", ROLE)
    assert told["status"] == "InService"
    assert {name: told["limits"][name] for name in ("account", "endpoint", "ours", "fits")} == {
        "account": 10, "endpoint": 8, "ours": 6, "fits": True,
    }  # fmt: skip
    assert trader_model("deploy", "--role", ROLE)["changed"] == []
    assert trader_model("update", "--role", ROLE)["changed"] == []
    assert trader_model("status")["config"]["concurrency"] == 8
    assert len(trader_model("delete")["removed"]) == 3
    assert trader_model("delete")["removed"] == []


def test_limits_that_do_not_fit_stop_a_deployment(aws, bucket, monkeypatch):
    """12 at the endpoint do not go into a quota of 10, nor 9 of ours into 8: nothing is stored or made."""
    with pytest.raises(BadInput, match="wants 12 requests at once, the account may have 10"):
        trader_model("deploy", "--role", ROLE, "--max-concurrency", "12")
    monkeypatch.setenv("TRADER_FORECAST_CONCURRENCY", "9")
    for command in (["quota"], ["deploy", "--role", ROLE]):
        with pytest.raises(BadInput, match="send up to 9 requests at once, the endpoint takes 8"):
            trader_model(*command)
    assert aws.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert trader_model("status")["status"] == "absent"


def test_a_quota_that_is_given_is_not_asked_for():
    """--account-quota 10 needs no AWS; without it, the line says why it cannot be read and what to give."""
    assert trader_model("quota", "--account-quota", "10")["fits"] is True
    with pytest.raises(Halt, match=r"quota is not readable.*--account-quota N"):
        trader_model("quota")


def test_the_card_is_printed():
    """The shipped model's own card."""
    assert "chronos-2-small" in trader_model("card")["text"].splitlines()[0]
