"""The backends that the books are tested on: moto's server, plain memory, and AWS's own DynamoDB Local."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.aws import Aws, open_aws
from adapters.aws_stand_in import serve
from deployments.processes import Child, free_port
from tests.conftest import ROOT
from tests.simulation.tables import MemoryDynamo

STAND_IN = "stand_in"
ALL = (STAND_IN, "memory", "dynamodb_local")
"""Each is the fixture of its name."""
ON_A_WIRE = (STAND_IN, "dynamodb_local")
"""Where threads and lost replies mean something."""
QUICK = ("memory",)
"""Where thousands of steps take seconds."""

DYNAMODB_LOCAL = ROOT / ".cache" / "dynamodb-local"
"""Where scripts/dynamodb_local.py puts it."""
BECOME = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
"""A Python that turns into another program: so a program of any kind ends with us as our own servers do."""


@contextmanager
def stand_in() -> Iterator[Aws]:
    """The stand-in, with all services."""
    running = serve()
    with _pointed_at(running.url) as aws:
        yield aws
    running.stop()


@contextmanager
def dynamodb_local(log: Path) -> Iterator[Aws]:
    """DynamoDB Local: tables only. Skips the test when there is no Java, or when it was never fetched."""
    java, jar = shutil.which("java"), DYNAMODB_LOCAL / "DynamoDBLocal.jar"
    if java is None:
        pytest.skip("DynamoDB Local needs Java, and there is none here")
    if not jar.is_file():
        pytest.skip("DynamoDB Local is not here; `python scripts/dynamodb_local.py` fetches it")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = [f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}", "-Xmx512m", "-jar", str(jar)]
    serving = ["-inMemory", "-disableTelemetry", "-port", str(port)]
    server = Child("DynamoDB Local", ["-c", BECOME, java, *options, *serving], url, log)
    server.start()
    try:
        server.wait_ready()
        with _pointed_at(url) as aws:
            yield aws
    finally:
        server.stop()


def memory() -> Aws:
    """Tables in this process, with pages so short that every list has several."""
    dynamo: Any = MemoryDynamo(page_size=3, attempts=3)
    none: Any = SimpleNamespace()
    return Aws("nowhere", "memory", dynamo, none, none, none, dynamo)


@contextmanager
def _pointed_at(url: str) -> Iterator[Aws]:
    """The clients of one endpoint, not pausing long before they try again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)  # the only one: what is not ours to ask has nowhere to go
        aws = open_aws()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        yield aws
