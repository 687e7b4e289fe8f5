"""Our handler in a process like Lambda's: nothing but /tmp can be written, one event after another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.conftest import ROOT

LIMIT_S = 120
READ_ONLY = 'mount --make-rprivate / && mount -t tmpfs tmpfs /tmp && mount -o remount,ro,bind / && exec "$@"'
"""A file system of its own, which can be written in /tmp alone."""
WORKER = """
import json, sys, time
began = time.process_time()
from deployments.lambda_handler import handler
loaded = time.process_time() - began
answers = []
for event in json.load(sys.stdin):
    try:
        answers.append(handler(event))
    except Exception as error:
        answers.append({"error": f"{type(error).__name__}: {error}"})
def there(name):
    return type(sys.modules.get(name)).__name__ == "module"
heavy = [name for name in ("pandas", "pandas_ta", "great_expectations", "plotly", "onnxruntime") if there(name)]
try:
    open("written", "w")
    read_only = False
except OSError:
    read_only = True
json.dump({"answers": answers, "loaded_s": loaded, "heavy": heavy, "read_only": read_only}, sys.stdout)
"""


def can_be_read_only() -> bool:
    """Whether we may have a file system of our own here."""
    if shutil.which("unshare") is None or os.geteuid() != 0 or ROOT.is_relative_to("/tmp"):  # noqa: S108 (hidden there)
        return False
    tried = subprocess.run(["unshare", "-m", "sh", "-c", READ_ONLY, "sh", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def handled(events: Sequence[object], env: Mapping[str, str], *, read_only: bool) -> dict[str, Any]:
    """The answers to these events, and what the process was like after them."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("TRADER_", "PREFECT_", "HOME"))}
    argv = [sys.executable, "-B", "-c", WORKER]
    if read_only:
        argv = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", *argv]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**own, **env, "PYTHONPATH": str(ROOT)},
        input=json.dumps(events),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {**json.loads(done.stdout.splitlines()[-1]), "log": done.stderr}
