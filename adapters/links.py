"""Where a person opens what is kept in S3: a link that carries no secret and needs no rights of its own."""

from __future__ import annotations

import os
from urllib.parse import quote

CONSOLE = "https://s3.console.aws.amazon.com/s3/object"

UNSIGNED = "?X-Amz-Signature=stand-in"
"""The stand-in wants to see a signature, and takes any."""


def link_of(uri: str) -> str:
    """The page of an ``s3://`` object: at the stand-in or S3-compatible server in use, else in the AWS console.

    The console asks who is looking. A presigned link would work for everybody who ever sees the run, so none is made.
    Empty for what is not in S3.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not (uri.startswith("s3://") and key):
        return ""
    if own := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        return f"{own.rstrip('/')}/{bucket}/{quote(key)}{UNSIGNED if '//127.0.0.1' in own else ''}"
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    where = f"region={region}&" if region else ""
    return f"{CONSOLE}/{bucket}?{where}prefix={quote(key, safe='')}"


def linked(words: str, uri: str) -> str:
    """A Markdown link to the object, or only where it is kept when no browser gets there."""
    link = link_of(uri)
    return f"[{words}]({link})" if link else f"{words}: {uri}"
