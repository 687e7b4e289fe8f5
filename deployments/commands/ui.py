"""``trader ui``: Prefect's own pages on the runs that a demo left."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from blocks.settings import load_settings
from deployments.embedded import QUIET_PREFECT
from deployments.processes import free_port
from trading.errors import BadInput


def ui(
    state: Annotated[Path | None, typer.Option(metavar="DIR", help="State directory of the demo.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free one.")] = 0,
) -> None:
    """Open Prefect's UI on the runs of a demo that has ended, until Ctrl-C."""
    home = (state or load_settings().state / "demo").resolve() / "prefect"
    if not (home / "prefect.db").is_file():
        msg = f"{home.parent} holds no runs; name the state directory that a demo ended with: trader ui --state DIR"
        raise BadInput(msg)
    chosen = port or free_port()
    url = f"http://127.0.0.1:{chosen}"
    # The pages ask the API at the address in this variable; without it they look for port 4200.
    env = {**os.environ, **QUIET_PREFECT, "PREFECT_HOME": str(home), "PREFECT_API_URL": f"{url}/api"}
    print(f"open {url}/runs in about ten seconds; Ctrl-C ends", flush=True)
    argv = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(chosen)]
    os.execve(sys.executable, argv, env)  # noqa: S606 (our own argv, no shell)
