"""Which of the declared tables, queues and buckets an endpoint lacks. Reads only."""

from __future__ import annotations

from adapters.aws import Aws
from adapters.aws_errors import translated
from adapters.provision import bucket_exists
from trading.tables import BUCKETS, QUEUES, TABLES, Names


def missing(names: Names, aws: Aws) -> list[str]:
    """What is not there, in words; ``names`` with the account's number. Raises Transient or Halt."""
    found = [f"table {name}" for name in map(names.table, TABLES) if not _table(name, aws)]
    found += [f"queue {name}" for name in map(names.queue, QUEUES) if not _queue(name, aws)]
    return found + [f"bucket {name}" for one in BUCKETS if not _bucket(name := names.bucket(one.purpose), aws)]


def _table(name: str, aws: Aws) -> bool:
    with translated(f"look for table {name}", write=False):
        try:
            aws.dynamodb.describe_table(TableName=name)
        except aws.dynamodb.exceptions.ResourceNotFoundException:
            return False
        return True


def _queue(name: str, aws: Aws) -> bool:
    with translated(f"look for queue {name}", write=False):
        try:
            aws.sqs.get_queue_url(QueueName=name)
        except aws.sqs.exceptions.QueueDoesNotExist:
            return False
        return True


def _bucket(name: str, aws: Aws) -> bool:
    with translated(f"look for bucket {name}", write=False):
        return bucket_exists(name, aws)
