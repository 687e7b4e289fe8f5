"""Make what is missing of the declared tables, queues and buckets on an endpoint. Safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from adapters.aws import DEFAULT_REGION, Aws
from adapters.aws_errors import translated
from trading.errors import Halt
from trading.tables import BUCKETS, ORDER_STATE, QUEUES, TABLES, TTL, Bucket, Index, Key, Names, Queue, Table

NO_LOCATION = "us-east-1"
"""The one region that a bucket request must not name."""
UPLOAD_DAYS = 7
"""How long the parts of an upload that nobody ended are kept, and paid for."""


def provision(
    names: Names,
    aws: Aws,
    *,
    tables: Sequence[Table] = TABLES,
    queues: Sequence[Queue] = QUEUES,
    buckets: Sequence[Bucket] = BUCKETS,
) -> list[str]:
    """Create the tables, queues and buckets that are not there; what was created, in words, empty when nothing was.

    What exists is brought to its declared settings where that loses nothing (lifetimes, queues, buckets).
    Raises Halt with one line when nobody answers or knows us, and when a table exists with other keys or without an
    index: that is for a person to sort out. What was made before an error stays; the next call goes on from there.
    """
    aws.reachable()
    names = aws.complete(names)
    made = [_table(table, names, aws) for table in tables]
    made += [_queue(queue, names, aws) for queue in queues]
    made += [_bucket(bucket, names, aws) for bucket in buckets]
    return [thing for thing in made if thing]


# ----------------------------------------------------------------------------------------------------------- tables


def _table(table: Table, names: Names, aws: Aws) -> str | None:
    name, client = names.table(table), aws.dynamodb
    with translated(f"make table {name}", write=True):
        try:
            found: Any = client.describe_table(TableName=name)["Table"]
        except client.exceptions.ResourceNotFoundException:
            _create_table(table, name, aws)
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
            new = True
        else:
            _same_keys(table, found, name)
            new = False
        if table.ttl_days is not None or table is ORDER_STATE:
            _forget(name, aws)
    return f"table {name}" if new else None


def _create_table(table: Table, name: str, aws: Aws) -> None:
    indexes: Any = {"GlobalSecondaryIndexes": [_index(index) for index in table.indexes]} if table.indexes else {}
    aws.dynamodb.create_table(
        TableName=name,
        KeySchema=_schema(table.pk, table.sk),
        AttributeDefinitions=[{"AttributeName": key.name, "AttributeType": key.kind} for key in table.keys],
        BillingMode="PAY_PER_REQUEST",
        **indexes,
    )


def _schema(pk: Key, sk: Key | None) -> Any:
    found = [{"AttributeName": pk.name, "KeyType": "HASH"}]
    return found if sk is None else [*found, {"AttributeName": sk.name, "KeyType": "RANGE"}]


def _index(index: Index) -> Any:
    return {
        "IndexName": index.name,
        "KeySchema": _schema(index.pk, index.sk),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)},
    }


def _same_keys(table: Table, found: Any, name: str) -> None:
    have = {"table": found["KeySchema"]} | {
        index["IndexName"]: index["KeySchema"] for index in found.get("GlobalSecondaryIndexes", [])
    }
    want = {"table": _schema(table.pk, table.sk)} | {index.name: _schema(index.pk, index.sk) for index in table.indexes}
    wrong = [part for part, schema in want.items() if have.get(part) != schema]
    if wrong:
        msg = (
            f"table {name} exists, but not as declared ({', '.join(wrong)}); back it up and remove it, or set it right"
        )
        raise Halt(msg)


def _forget(name: str, aws: Aws) -> None:
    """Let items vanish at their ``ttl``; asked first, because DynamoDB refuses to switch on what is on."""
    found = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if found.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        wanted: Any = {"Enabled": True, "AttributeName": TTL}
        aws.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)


# ----------------------------------------------------------------------------------------------------------- queues


def _queue(queue: Queue, names: Names, aws: Aws) -> str | None:
    name, client = names.queue(queue), aws.sqs
    with translated(f"make queue {name}", write=True):
        wanted = _attributes(queue, names, aws)
        try:
            url = client.get_queue_url(QueueName=name)["QueueUrl"]
        except client.exceptions.QueueDoesNotExist:
            client.create_queue(QueueName=name, Attributes=wanted)
            return f"queue {name}"
        found: Any = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        if any(found.get(key) != value for key, value in wanted.items() if key != "RedrivePolicy") or (
            json.loads(found.get("RedrivePolicy", "{}")) != json.loads(wanted.get("RedrivePolicy", "{}"))
        ):
            client.set_queue_attributes(QueueUrl=url, Attributes=wanted)
    return None


def _attributes(queue: Queue, names: Names, aws: Aws) -> Any:
    found = {
        "VisibilityTimeout": str(queue.visibility_s),
        "MessageRetentionPeriod": str(queue.retention_s),
        "ReceiveMessageWaitTimeSeconds": str(queue.wait_s),
    }
    if queue.dead_letters is None:
        return found
    url = aws.sqs.get_queue_url(QueueName=names.queue(queue.dead_letters))["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": queue.max_receives}
    return {**found, "RedrivePolicy": json.dumps(policy)}


# ---------------------------------------------------------------------------------------------------------- buckets


def _bucket(bucket: Bucket, names: Names, aws: Aws) -> str | None:
    name, client = names.bucket(bucket.purpose), aws.s3
    with translated(f"make bucket {name}", write=True):
        new = not bucket_exists(name, aws)
        if new:
            where: Any = {"CreateBucketConfiguration": {"LocationConstraint": aws.region or DEFAULT_REGION}}
            client.create_bucket(Bucket=name, **({} if aws.region == NO_LOCATION else where))
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        client.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True, "IgnorePublicAcls": True,
                "BlockPublicPolicy": True, "RestrictPublicBuckets": True,
            },
        )  # fmt: skip
        rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [_lifecycle(bucket)]})
        if client.meta.endpoint_url.startswith("https://"):
            client.put_bucket_policy(Bucket=name, Policy=_tls_only(name))  # a stand-in without TLS would be locked out
    return f"bucket {name}" if new else None


def bucket_exists(name: str, aws: Aws) -> bool:
    """Whether a bucket is there. Raises the client's own error when that cannot be told."""
    try:
        aws.s3.head_bucket(Bucket=name)
    except aws.s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
        return False
    return True


def _lifecycle(bucket: Bucket) -> Any:
    rule: dict[str, Any] = {
        "ID": "cool-down", "Status": "Enabled", "Filter": {"Prefix": ""},
        "Transitions": [
            {"Days": bucket.infrequent_days, "StorageClass": "STANDARD_IA"},
            {"Days": bucket.glacier_days, "StorageClass": "GLACIER_IR"},
        ],
        "NoncurrentVersionExpiration": {"NoncurrentDays": bucket.old_version_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS},
    }  # fmt: skip
    if bucket.expire_days is not None:
        # What expires never reaches the colder class: one must come strictly before the other.
        rule["Transitions"] = [step for step in rule["Transitions"] if step["Days"] < bucket.expire_days]
        rule["Expiration"] = {"Days": bucket.expire_days}
    return rule


def _tls_only(name: str) -> str:
    statement = {
        "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
