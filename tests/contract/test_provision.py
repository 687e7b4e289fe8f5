"""Making what a desk needs, and opening AWS."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from adapters.aws import DEFAULT_REGION, _shown, open_aws
from adapters.provision import _tls_only, provision
from trading.errors import BadInput, Halt, Transient
from trading.tables import (
    BUCKETS,
    GSI1,
    ORDER_STATE,
    PRICES,
    QUEUES,
    TABLES,
    Key,
    Table,
)


def test_everything_is_made_once(aws, names):
    """The first call names all it made, the second makes nothing."""
    made = provision(names, aws)
    assert len(made) == len(TABLES) + len(QUEUES) + len(BUCKETS)
    assert f"table {names.prefix}-order-state" in made
    assert f"bucket {names.prefix}-models-{names.account}" in made
    assert provision(names, aws) == []


def test_what_is_missing_is_made_again(aws, names):
    """A table, a queue and a bucket that were removed come back, and only they."""
    provision(names, aws)
    aws.dynamodb.delete_table(TableName=names.table(PRICES))
    aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName=names.queue(QUEUES[1]))["QueueUrl"])
    aws.s3.delete_bucket(Bucket=names.bucket("models"))
    assert provision(names, aws) == [
        f"table {names.prefix}-prices",
        f"queue {names.prefix}-order-requests",
        f"bucket {names.prefix}-models-{names.account}",
    ]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_made_as_declared(aws, names, table):
    """Keys, indexes with their projections, pay per request, and a ttl where things are forgotten."""
    provision(names, aws, tables=(table,), queues=(), buckets=())
    found = aws.dynamodb.describe_table(TableName=names.table(table))["Table"]
    keys = [key for key in (table.pk, table.sk) if key is not None]
    assert [key["AttributeName"] for key in found["KeySchema"]] == [key.name for key in keys]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
    assert {name: index["Projection"] for name, index in indexes.items()} == {
        index.name: {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)} for index in table.indexes
    }
    ttl = aws.dynamodb.describe_time_to_live(TableName=names.table(table))["TimeToLiveDescription"]
    forgets = table.ttl_days is not None or table is ORDER_STATE
    assert (ttl.get("TimeToLiveStatus"), ttl.get("AttributeName")) == (
        ("ENABLED", "ttl") if forgets else ("DISABLED", None)
    )


def test_a_table_with_other_keys_is_left_alone(aws, names):
    """It may hold somebody's data: a person sorts it out."""
    other = Table("prices", Key("id"), None, None, ())
    provision(names, aws, tables=(other,), queues=(), buckets=())
    with pytest.raises(Halt, match=r"prices exists, but not as declared \(table\)"):
        provision(names, aws, tables=(PRICES,), queues=(), buckets=())


def test_an_order_table_without_an_index_is_not_used(aws, names):
    """Positions would not be found."""
    lame = Table("order-state", ORDER_STATE.pk, ORDER_STATE.sk, None, (), (GSI1,))
    provision(names, aws, tables=(lame,), queues=(), buckets=())
    with pytest.raises(Halt, match="GSI2, GSI3, GSI4, GSI5"):
        provision(names, aws, tables=(ORDER_STATE,), queues=(), buckets=())


def test_a_queue_with_other_settings_is_set_right(aws, names):
    """Somebody's visibility of 5 seconds does not last."""
    provision(names, aws, tables=(), buckets=())
    url = aws.sqs.get_queue_url(QueueName=names.queue(QUEUES[1]))["QueueUrl"]
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    assert provision(names, aws, tables=(), buckets=()) == []
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert found == {"VisibilityTimeout": "60"}


def test_a_bucket_is_private_versioned_encrypted_and_cools_down(aws, names):
    """The settings of data.md, read back from the bucket."""
    provision(names, aws, tables=(), queues=())
    name = names.bucket("daily-reports")
    assert aws.s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert all(aws.s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    (rule,) = aws.s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (daily,) = aws.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    (models,) = aws.s3.get_bucket_lifecycle_configuration(Bucket=names.bucket("models"))["Rules"]
    assert daily["Expiration"] == {"Days": 90}
    assert [(step["Days"], step["StorageClass"]) for step in models["Transitions"]] == [
        (30, "STANDARD_IA"),
        (90, "GLACIER_IR"),
    ]
    assert [rule["NoncurrentVersionExpiration"] for rule in (daily, models)] == [
        {"NoncurrentDays": 30},
        {"NoncurrentDays": 90},
    ]


def test_without_tls_nobody_gets_in():
    """On an endpoint that speaks TLS, a request without it is denied."""
    (statement,) = json.loads(_tls_only("b"))["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


# -------------------------------------------------------------------------------------------------------- opening AWS


def test_an_endpoint_that_is_not_there_halts_with_one_line(monkeypatch, names):
    """The line names the endpoint, the region and the variable, and shows no credentials that were in the address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:planted@127.0.0.1:9")
    with pytest.raises(
        Halt, match=r"AWS at http://127.0.0.1:9 \(ap-northeast-1\) does not answer.*AWS_ENDPOINT_URL"
    ) as halt:
        provision(names, open_aws())
    assert "planted" not in "".join(traceback.format_exception(halt.value))
    assert "\n" not in str(halt.value)


def test_missing_credentials_halt_with_one_line(monkeypatch, names):
    """The line names the variables to set."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Halt, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_aws().reachable()


@pytest.mark.parametrize(
    ("code", "kind"),
    [("UnrecognizedClientException", Halt), ("ThrottlingException", Transient), ("InternalServerError", Transient)],
)
def test_reachable_says_who_acts(aws, code, kind):
    """Refused credentials need a person, a busy service only time."""

    def refuse(**_):
        raise ClientError({"Error": {"Code": code, "Message": "key planted"}}, "ListTables")

    with pytest.raises(kind) as said:
        replace(aws, _probe=SimpleNamespace(list_tables=refuse)).reachable()
    assert "planted" not in str(said.value)


def test_the_environment_is_honoured(monkeypatch):
    """Endpoint and region come from the standard variables; only a missing region gets a default."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    aws = open_aws()
    assert {client.meta.endpoint_url for client in (aws.dynamodb, aws.sqs, aws.s3, aws.sts)} == {"http://127.0.0.1:9"}
    assert aws.region == aws.dynamodb.meta.region_name == "eu-west-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert open_aws().region == DEFAULT_REGION == "ap-northeast-1"


@pytest.mark.parametrize(("name", "value"), [("AWS_ENDPOINT_URL", "http://x:planted@y z"), ("AWS_PROFILE", "nobody")])
def test_wrong_settings_are_bad_input(monkeypatch, name, value):
    """One line that names the variables to look at."""
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match="AWS settings do not work") as bad:
        open_aws()
    assert "planted" not in "".join(traceback.format_exception(bad.value))


def test_an_address_is_shown_without_its_secrets():
    """User, password and query are left out."""
    assert _shown("https://a:b@host:8/x?token=c") == "https://host:8"
