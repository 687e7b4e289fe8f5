"""The program itself, as a process of its own on a room's tables and venue."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.services.conftest import Room


def trader(room: Room, folder: Path, *words: str) -> Any:
    """What ``trader WORDS --desk embedded --json`` answers, run by another process."""
    config, url = room.world.config, room.world.url
    env = {
        "TRADER_PREFIX": room.names.prefix,
        "TRADER_STATE": str(folder / "state"),
        "TRADER_BINANCE_URL": f"{url}/binance",
        "TRADER_COINCHECK_URL": f"{url}/coincheck",
        "TRADER_COINCHECK_ACCESS_KEY": config.access_key,
        "TRADER_COINCHECK_SECRET_KEY": config.secret_key,
    }
    argv = [sys.executable, "-m", "deployments.cli", *words, "--desk", "embedded", "--json"]
    ended = subprocess.run(argv, env={**os.environ, **env}, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
