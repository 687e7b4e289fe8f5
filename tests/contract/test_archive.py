"""The Archive port on S3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.provision import provision
from adapters.s3 import S3Archive
from trading.errors import BadInput, Halt, Rejected
from trading.ports import Archive
from trading.tables import BUCKETS

REPORTS = next(bucket for bucket in BUCKETS if bucket.purpose == "daily-reports")


@pytest.fixture
def archive(aws, names):
    provision(names, aws, tables=(), queues=(), buckets=(REPORTS,))
    return S3Archive(names, aws)


def test_what_is_stored_can_be_read_back(archive, aws, names):
    """The same bytes under the same key; the URI names bucket and key; the type is kept."""
    port: Archive = archive
    uri = port.put("daily-reports", "daily-reports/2026-03-05.json", b'{"pnl": 1}', "application/json")
    assert uri == f"s3://{names.prefix}-daily-reports-{names.account}/daily-reports/2026-03-05.json"
    assert port.get("daily-reports", "daily-reports/2026-03-05.json") == b'{"pnl": 1}'
    head = aws.s3.head_object(Bucket=names.bucket("daily-reports"), Key="daily-reports/2026-03-05.json")
    assert head["ContentType"] == "application/json"


def test_a_file_that_is_not_there_is_rejected(archive):
    """Asking again will not help."""
    with pytest.raises(Rejected, match="NoSuchKey"):
        archive.get("daily-reports", "none")


def test_storing_again_keeps_the_version_before(archive, aws, names):
    """Versioning is on: nothing is overwritten for good."""
    for data in (b"1", b"2"):
        archive.put("daily-reports", "k", data, "text/plain")
    versions = aws.s3.list_object_versions(Bucket=names.bucket("daily-reports"))["Versions"]
    assert archive.get("daily-reports", "k") == b"2"
    assert len(versions) == 2


def test_an_unknown_purpose_is_bad_input(archive):
    """The message lists the purposes there are."""
    with pytest.raises(BadInput, match=r"no bucket for 'pictures'.*daily-reports"):
        archive.put("pictures", "k", b"", "image/png")


def test_a_bucket_that_was_never_made_halts(archive):
    """One line that says how to make it."""
    with pytest.raises(Halt, match="trader init"):
        archive.put("models", "k", b"", "text/plain")


def test_the_account_is_asked_for_when_it_is_not_given(archive, aws, names):
    """Names without an account are completed once, from the credentials."""
    other = S3Archive(replace(names, account=""), aws)
    assert names.account in other.put("daily-reports", "k", b"1", "text/plain")
