"""AWS on this machine with functions that run: MiniStack as a child, our handler in it as a function."""

from __future__ import annotations

import io
import os
import sysconfig
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.aws import open_client
from deployments.processes import Child, free_port
from tests.conftest import ROOT

HERE = ROOT / ".cache" / "ministack"
"""Where scripts/ministack.py puts it."""
BECOME = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
"""A Python that turns into another program: so it ends with us as our own servers do."""
ACCOUNT = "000000000000"
STUB = "import os, sys\nsys.path[:0] = os.environ['CODE'].split(':')\nfrom deployments.lambda_handler import handler\n"
"""The function's whole code: ours is not packed for this, it is found where it is."""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/trader"
LIMIT_S = 90


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Its address, on loopback. Skips the test where it was never fetched."""
    program = HERE / "bin" / "ministack"
    if not program.is_file():
        pytest.skip("MiniStack is not here; `python scripts/ministack.py` fetches it")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",  # it listens everywhere otherwise
        "LAMBDA_EXECUTOR": "local",
        "AWS_ENDPOINT_URL": url,
        "MINISTACK_REGION": os.environ["AWS_DEFAULT_REGION"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    child = Child("MiniStack", ["-c", BECOME, str(program)], f"{url}/_ministack/health", folder / "ministack.log", env)
    child.start()
    try:
        child.wait_ready()
        yield url
    finally:
        child.stop()


def made_function(name: str, environment: Mapping[str, str], timeout_s: int) -> str:
    """Our handler as a function of the emulator; its ARN."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", STUB)
    client = open_client("lambda")
    made = client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": code.getvalue()},
        Timeout=timeout_s,
        MemorySize=1024,
        Environment={"Variables": {**environment, "CODE": f"{ROOT}:{sysconfig.get_path('purelib')}"}},
    )
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)  # one start is slow enough
    return str(made["FunctionArn"])


def until(there: Callable[[], Any], about: str) -> Any:
    """What it answers once that is something. Fails after a while."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if found := there():
            return found
        time.sleep(0.3)
    pytest.fail(f"not seen within {LIMIT_S} s: {about}")
