"""A Lambda function's place: only /tmp can be written, the process is frozen between events, and loading costs."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import MutableMapping, Sequence
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

ROOM = "/tmp/trader"  # noqa: S108 (the only directory there; it belongs to this function alone)
LATE = ("numpy", "pandas", "pyarrow", "pyarrow.parquet", "onnxruntime")
"""Loaded when first used: closing a position needs none of them."""
DEFAULTS = {
    "TRADER_STATE": f"{ROOM}/state",
    "TRADER_QUALITY": "light",  # great-expectations takes seven seconds to load, and the light engine finds the same
    "PREFECT_HOME": f"{ROOM}/prefect",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # never a server of our own in here
    "PREFECT_API_REQUEST_TIMEOUT": "2",  # and no second try: what Prefect may cost is an exit's delay
    "PREFECT_CLIENT_MAX_RETRIES": "0",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


_LOCK = threading.Lock()


def settle_in(environ: MutableMapping[str, str] = os.environ) -> None:
    """Point everything that writes at /tmp, and put off what is heavy. Before Prefect is imported: it reads then."""
    for name, value in DEFAULTS.items():
        environ.setdefault(name, value)
    environ["HOME"] = ROOM  # what a library calls home is read-only here
    os.makedirs(ROOM, exist_ok=True)  # noqa: PTH103 (pathlib is not loaded yet)
    put_off(LATE)


def put_off(names: Sequence[str]) -> None:
    """Let these modules load when something of them is first used. Those that are loaded already stay as they are.

    names: a module within a package comes after the package.
    """
    late = {name: _Late(name) for name in names if name not in sys.modules}
    for name, module in late.items():
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent in late:
            vars(late[parent])[last] = module
        else:
            module.__spec__ = PathFinder.find_spec(name)  # for those who ask whether it is installed


class _Late(ModuleType):
    """Stands for a module until something of it is asked for; whoever imported it may keep it, it then answers."""

    def __getattr__(self, name: str) -> Any:
        with _LOCK:  # around this step only: loading has Python's own locks
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
