"""``trader machine``: the files of a machine of one's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, answer
from trading.errors import BadInput


def machine(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder the files are written to.")],
    repository: Annotated[str, typer.Option(metavar="URL", help="Where the machine clones the code from.")],
    revision: Annotated[str, typer.Option(metavar="SHA", help="The commit it runs: git rev-parse HEAD.")],
    region: Annotated[
        str | None, typer.Option(help="AWS region; default AWS_DEFAULT_REGION, else ap-northeast-1.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Of Prefect's server, on the machine's loopback.")
    ] = 4200,
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Write the systemd units, the settings and the user data of one machine that runs everything, from these settings.

    No secret is in them: the machine reads those from Secrets Manager, with its role.
    """
    from deployments.machine import Machine, rendered

    settings = load_settings()
    name = desk or settings.desk
    if name == "embedded":
        msg = "a machine runs the paper or the live desk: trader machine --desk paper"
        raise BadInput(msg)
    where = region or os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "ap-northeast-1"
    files = rendered(Machine(name, where, repository, revision, port), settings)
    written = [_write(to / str(path).lstrip("/"), text) for path, text in files.items()]
    text = "\n".join([*written, f"user data of the instance: {to / 'user-data.sh'}"])
    answer({"desk": name, "files": written}, as_json=json, text=text)


def _write(path: Path, text: str) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror}); name another folder with --to"
        raise BadInput(msg) from error
    return str(path)
