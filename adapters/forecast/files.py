"""Where the local model's file comes from: the one shipped, a path, or S3 with a cache on this machine."""

from __future__ import annotations

import os
import uuid
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from adapters.aws_errors import translated
from trading.errors import BadInput

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHIPPED = Path(__file__).parent / "models" / "chronos-2-small.onnx"
SHIPPED_SHA256 = "abb7cf5f9b2867461d1c036fffd03cc0f6ecec12ed9fecbb4dc4f79133587191"
"""Of what we ship. A file that is not it, were it only damaged, does not inherit the record of its name."""
SETTING = "TRADER_FORECAST_MODEL"


def model_file(source: str | None, s3: S3Client, cache: Path, setting: str = SETTING) -> Path:
    """The file to load: ``source`` is a path, an ``s3://bucket/key`` or None for the shipped one.

    ``setting`` is what an error tells to correct. An object is fetched once per version into ``cache``. Raises BadInput
    when there is no such file, Rejected when there is no such object, Transient or Halt when S3 cannot be asked.
    """
    if source is not None and source.startswith("s3://"):
        return _fetched(source, s3, cache, setting)
    path = SHIPPED if source is None else Path(source).expanduser()
    if not path.is_file():
        raise BadInput(f"the forecast model {path} is not there; correct {setting}")
    return path


def _fetched(source: str, s3: S3Client, cache: Path, setting: str) -> Path:
    parts = urlsplit(source)
    bucket, key = parts.netloc, parts.path.removeprefix("/")
    if not bucket or not key:
        raise BadInput(f"{source} names no object; {setting} takes s3://bucket/key")
    with translated(f"read {source}", write=False):
        etag = s3.head_object(Bucket=bucket, Key=key)["ETag"]
        path = cache / f"{sha256(f'{source} {etag}'.encode()).hexdigest()[:32]}.onnx"
        if path.is_file():
            return path
        data = s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)["Body"].read()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{uuid.uuid4().hex}")
        part.write_bytes(data)
        os.replace(part, path)  # noqa: PTH105 - whole or not at all, whoever else fetches it now
    except OSError as error:
        raise BadInput(f"{cache} cannot keep the forecast model: {error.strerror}; make room or correct it") from error
    return path
