"""A model in this process: an ONNX file run by ONNX Runtime, without torch.

The file's contract: input ``context`` float32 (series, context_length), NaN where nothing is known, so a shorter series
is NaN on its left; output ``quantiles`` (series, levels, steps), in the unit of the input. Its ``metadata_props`` give
``name``, ``context_length``, ``steps`` and ``quantile_levels`` (a JSON list). Weights may lie beside it, in files named
like it with ``.data`` behind.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from adapters.forecast.files import SHIPPED_SHA256
from adapters.forecast.model import Answer
from adapters.redaction import one_line
from trading.errors import BadInput, TradingError
from trading.signals.outlook import LEVELS, Series, checked

AGAIN_AFTER_S = 300.0
"""How long a file that could not be loaded is not asked for again: six pairs must not wait for it one by one."""
NAME_MAX, CONTEXT_MAX, STEPS_MAX = 60, 65_536, 1_024
"""What a file may say of itself at most; more is a mistake, and would ask for memory that nobody has."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A session, and what its file says of itself. ``rows`` are the places of our LEVELS among its own.

    name  what the file calls itself and, unless it is the very file that we ship, ``@`` and the beginning of its
          sha256: a record is earned under a name, and no other file may go on with it.
    """

    session: Any
    name: str
    context_length: int
    steps: int
    rows: tuple[int, ...]


class LocalModel:
    """A QuantileModel in this process, safe for many threads. Its file is loaded when it is first needed."""

    kind = "local"

    def __init__(self, file: Callable[[], Path]) -> None:
        """``file`` finds the model's file, and may raise any of our errors."""
        self._file = file
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        self._failure: tuple[TradingError, float] | None = None

    @property
    def name(self) -> str:
        """What the file calls itself, with its digest unless we ship it; ``local`` before it is loaded."""
        return self.kind if self._loaded is None else self._loaded.name

    def predict(self, asked: Sequence[Series], steps: int) -> list[Answer]:
        """One answer or one error per series, in their order."""
        try:
            model = self._ready()
            paths = _run(model, asked, steps)
        except TradingError as error:
            return [error] * len(asked)
        except Exception as error:  # noqa: BLE001 - whatever a file makes of us, the next model is asked
            return [BadInput(f"{self.name} crashes: {_said(error)}; export it again")] * len(asked)
        return [_answer(rows, steps) for rows in paths]

    def _ready(self) -> Loaded:
        """The loaded model, for all threads the same. Raises what kept it from being loaded."""
        with self._lock:
            if self._loaded is None:
                if self._failure is not None and time.monotonic() < self._failure[1]:
                    raise self._failure[0]
                try:
                    path = self._file()
                    self._loaded = load(path, path.stat().st_mtime_ns)
                except Exception as error:  # noqa: BLE001 - whatever it is, the next model is asked
                    said = BadInput(f"the model's file cannot be loaded: {_said(error)}")
                    failure = error if isinstance(error, TradingError) else said
                    self._failure = (failure, time.monotonic() + AGAIN_AFTER_S)
                    raise failure from None
            return self._loaded


@lru_cache(maxsize=4)
def load(path: Path, _changed_ns: int) -> Loaded:
    """The model of a file, once per process and version. Raises BadInput when it is none of ours, OSError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # six pairs at once are parallel enough
    digest = _digest(path)
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        told = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # the runtime's own errors have no common class
        raise BadInput(f"{path} is no model that can be run: {_said(error)}; export it again") from error
    try:
        levels = [float(level) for level in json.loads(told["quantile_levels"])]
        rows = tuple(_row(levels, level) for level in LEVELS)
        length, steps = _within(told["context_length"], CONTEXT_MAX), _within(told["steps"], STEPS_MAX)
        return Loaded(session, _named(told["name"], digest), length, steps, rows)
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        msg = f"{path} does not say name, context_length, steps and quantile_levels with 0.1, 0.5, 0.9; export it again"
        raise BadInput(msg) from error


def _digest(path: Path) -> str:
    """The sha256 of a file and of the weights beside it, if any."""
    found = sha256()
    for part in (path, *sorted(path.parent.glob(f"{escape(path.name)}.data*"))):
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                found.update(block)
    return found.hexdigest()


def _named(name: str, digest: str) -> str:
    """The name that a record is earned under. Raises ValueError for one that is no name."""
    if not name.isprintable() or not 0 < len(name) <= NAME_MAX:
        raise ValueError(name)
    return name if digest == SHIPPED_SHA256 else f"{name}@{digest[:8]}"


def _within(text: str, most: int) -> int:
    """A whole number from 1 to ``most``. Raises ValueError."""
    number = int(text)
    if not 1 <= number <= most:
        raise ValueError(text)
    return number


def _said(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")


def _row(levels: Sequence[float], wanted: float) -> int:
    """Where a level stands among those of a file. Raises ValueError when it is not there."""
    found = [row for row, level in enumerate(levels) if math.isclose(level, wanted, abs_tol=1e-6)]
    if not found:
        raise ValueError(wanted)
    return found[0]


def _run(model: Loaded, asked: Sequence[Series], steps: int) -> list[list[list[float]]]:
    """The paths of our levels, by series and level. Raises BadInput for a model that cannot do what is asked."""
    if steps > model.steps:
        raise BadInput(f"{model.name} forecasts {model.steps} steps, forecast_steps asks for {steps}")
    context = np.full((len(asked), model.context_length), np.nan, dtype=np.float32)
    for row, series in zip(context, asked, strict=True):
        known = series.values[-model.context_length :]
        row[model.context_length - len(known) :] = known
    try:
        (found,) = model.session.run(["quantiles"], {"context": context})
    except Exception as error:  # the runtime's own errors have no common class
        raise BadInput(f"{model.name} cannot be run: {_said(error)}; export it again") from error
    if not isinstance(found, np.ndarray) or not np.issubdtype(found.dtype, np.floating):
        kind = f"{found.dtype} values" if isinstance(found, np.ndarray) else f"a {type(found).__name__}"
        raise BadInput(f"{model.name} answers {kind} where numbers belong; export it again")
    if found.ndim != 3 or found.shape[0] != len(asked) or found.shape[1] <= max(model.rows):
        raise BadInput(f"{model.name} answers in the shape {found.shape}; export it again")
    paths: list[list[list[float]]] = found[:, list(model.rows), :steps].astype(float).tolist()
    return paths


def _answer(rows: Sequence[Sequence[float]], steps: int) -> Answer:
    try:
        return checked(rows, steps)
    except TradingError as error:
        return error
