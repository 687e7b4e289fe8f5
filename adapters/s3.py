"""The archive on S3: files by the purpose of their bucket."""

from __future__ import annotations

import threading

from adapters.aws import Aws
from adapters.aws_errors import translated
from trading.tables import Names


class S3Archive:
    """The Archive port, safe for many threads. Without an account number in ``names`` it asks for it once."""

    def __init__(self, names: Names, aws: Aws) -> None:
        self._names, self._aws = names, aws
        self._lock = threading.Lock()

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> str:
        """Store under a bucket's purpose (``daily-reports``, ``raw-market-data``…); its URI.

        Raises BadInput for an unknown purpose, Transient, Unknown (storing it again is harmless) or Halt.
        """
        name = self._bucket(bucket)
        with translated(f"store s3://{name}/{key}", write=True):
            self._aws.s3.put_object(Bucket=name, Key=key, Body=data, ContentType=content_type)
        return f"s3://{name}/{key}"

    def get(self, bucket: str, key: str) -> bytes:
        """Read it back. Raises Rejected when it is not there, BadInput, Transient or Halt."""
        name = self._bucket(bucket)
        with translated(f"read s3://{name}/{key}", write=False):
            return self._aws.s3.get_object(Bucket=name, Key=key)["Body"].read()

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys that begin with ``prefix``, in order, all pages. Raises BadInput, Transient or Halt."""
        name = self._bucket(bucket)
        with translated(f"list s3://{name}/{prefix}", write=False):
            pages = self._aws.s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", []))

    def _bucket(self, purpose: str) -> str:
        with self._lock:
            self._names = self._aws.complete(self._names)
        return self._names.bucket(purpose)
