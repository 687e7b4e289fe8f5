"""Tasks of ``backup``."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version

from prefect import task
from prefect.artifacts import create_table_artifact

from blocks.desk import open_desk
from tasks.policies import THINK, WRITE
from trading.services import backup as verbs
from trading.services.backup import Backup


@task(task_run_name="take-backup", **WRITE)
def take_backup(desk: str, at: datetime) -> Backup:
    """The books as whole tables into the backups, read back."""
    room = open_desk(desk)
    return verbs.take(at, version("crypto-trader"), room.items, room.archive)


@task(task_run_name="show-backup", **THINK)
def show_backup(desk: str, made: Backup) -> None:
    """What the backup holds, and whether it is a snapshot."""
    rows = [
        {"table": name, "rows": count, "sha256": made.sha256[name][:16], "moved": name in made.moved}
        for name, count in made.rows.items()
    ]
    said = "a snapshot" if not made.moved else f"NO snapshot, {', '.join(made.moved)} moved while it was read"
    create_table_artifact(rows, key="backup", description=f"{desk} desk, {made.key}: {said}")
