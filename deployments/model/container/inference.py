"""The forecast model inside a SageMaker container, or in ``trader model serve``: Chronos-2's request and answer.

The AWS PyTorch container calls model_fn once, then input_fn, predict_fn and output_fn for each request. What the folder
holds decides what computes: ``model.onnx`` ONNX Runtime, a checkpoint's ``config.json`` chronos-forecasting. This file
stands alone in the container's ``code`` folder, so it imports none of our packages.
Source: the "Endpoint API Reference" of amazon-science/chronos-forecasting, deploy-chronos-to-amazon-sagemaker;
aws/sagemaker-inference-toolkit, transformer.py: an error with ``status_code`` is the reply, any other is a 500.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

try:
    from sagemaker_inference.errors import BaseInferenceToolkitError as _Refusal  # type: ignore[import-not-found]
except ImportError:  # only the container has it

    class _Refusal(Exception):  # type: ignore[no-redef]
        def __init__(self, status_code: int, message: str, phrase: str) -> None:
            super().__init__(status_code, message, phrase)
            self.status_code, self.message, self.phrase = status_code, message, phrase


SERIES_MAX, OBSERVATIONS_MIN, LEVELS_MAX = 1000, 5, 99
LEVELS, MEDIAN = (0.1, 0.5, 0.9), 0.5
LARGEST = 1e15
"""Of the values of a series, either side of zero: models square them in 32 bits."""
BATCH, JSON = 256, "application/json"
PARAMETERS = {"prediction_length", "quantile_levels", "freq", "batch_size", "cross_learning"}
SERIES = {"target", "item_id", "start"}
UNITS_S = {"s": 1, "min": 60, "t": 60, "h": 3600, "d": 86400, "w": 604800}

Floats = NDArray[np.float64]


class BadRequest(_Refusal):  # type: ignore[misc]
    """The request is at fault: answered with status 400 and one line that says what to change."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message, "Bad Request")


@dataclass(frozen=True, slots=True)
class Question:
    """A request that has been read: series with NaN for gaps, and what is asked about them."""

    series: tuple[Floats, ...]
    told: tuple[dict[str, str], ...]
    """Per series what its answer repeats: ``item_id``, and ``start`` moved to the first step ahead."""
    steps: int
    levels: tuple[float, ...]
    batch: int
    cross_learning: bool


class Model(Protocol):
    """What computes: its name, how many values it looks back on, how many steps it looks ahead, its trained levels."""

    name: str
    digest: str  # of its files, so that two models of one name are told apart
    context_length: int
    steps: int
    levels: tuple[float, ...]

    def forecast(self, question: Question, levels: tuple[float, ...]) -> Floats:
        """Quantiles in the series' own unit, shaped (series, levels, steps)."""
        ...


# ------------------------------------------------------------------------------------------- what the container calls


def model_fn(model_dir: str) -> Model:
    """The model of a folder, loaded."""
    folder = Path(model_dir)
    if (folder / "model.onnx").is_file():
        return OnnxModel(folder / "model.onnx")
    if (folder / "config.json").is_file():
        return CheckpointModel(folder)
    raise FileNotFoundError(f"{model_dir} holds neither model.onnx nor a Chronos-2 checkpoint (config.json)")


def input_fn(body: str | bytes | bytearray, content_type: str | None) -> Question:
    """A request, read and checked. Raises BadRequest."""
    if (content_type or "").partition(";")[0].strip().lower() != JSON:
        raise BadRequest(f"content type {content_type!r} is not understood; send {JSON}")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(asked, dict) or asked.keys() - {"inputs", "parameters"}:
        raise BadRequest('send {"inputs": [{"target": [...]}], "parameters": {...}} and nothing else')
    return _question(asked.get("inputs"), asked.get("parameters") or {})


def predict_fn(question: Question, model: Model) -> dict[str, Any]:
    """The answer: per series the asked levels, sorted, and ``mean``, which is Chronos-2's median. Raises BadRequest."""
    if question.steps > model.steps:
        raise BadRequest(f"prediction_length is {question.steps}; {model.name} looks at most {model.steps} steps ahead")
    for at, values in enumerate(question.series):
        known = np.count_nonzero(~np.isnan(values[-model.context_length :]))
        if known < OBSERVATIONS_MIN:
            raise BadRequest(
                f"inputs[{at}].target: of its last {model.context_length} values {known} are known; "
                f"{model.name} needs at least {OBSERVATIONS_MIN}"
            )
    levels = tuple(sorted({*question.levels, MEDIAN}))
    values = model.forecast(question, levels)
    wanted = (len(question.series), len(levels), question.steps)
    if values.shape != wanted or not np.isfinite(values).all():
        raise RuntimeError(f"{model.name} answered {values.shape}, or no numbers, where {wanted} numbers were due")
    row = {"mean": levels.index(MEDIAN)} | {str(level): levels.index(level) for level in question.levels}
    answers = np.sort(values, axis=1)  # a model's quantiles may cross
    return {
        "predictions": [
            {name: answer[at].tolist() for name, at in row.items()} | told
            for answer, told in zip(answers, question.told, strict=True)
        ],
        "model": f"{model.name}@{model.digest}",  # ours alone: clients of the published container pass it over
    }


def output_fn(prediction: dict[str, Any], accept: str) -> str:
    """The answer as JSON, whatever else the caller would accept too."""
    if not any(kind in accept.lower() for kind in (JSON, "*/*", "application/*")):
        raise BadRequest(f"{accept!r} is not offered; accept {JSON}")
    return json.dumps(prediction, allow_nan=False)


# ------------------------------------------------------------------------------------------------------- the two models


class OnnxModel:
    """An exported Chronos-2: ``context`` (series, length), NaN-padded -> ``quantiles`` (series, levels, steps)."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        told = self._session.get_modelmeta().custom_metadata_map
        if missing := {"name", "context_length", "steps", "quantile_levels"} - told.keys():
            raise ValueError(f"{file.name} does not say its {', '.join(sorted(missing))}; export it again")
        self.name = str(told["name"])
        self.digest = digest_of([file, *sorted(file.parent.glob(f"{file.name}.data*"))])
        self.context_length, self.steps = int(told["context_length"]), int(told["steps"])
        self.levels = tuple(float(level) for level in json.loads(told["quantile_levels"]))

    def forecast(self, question: Question, levels: tuple[float, ...]) -> Floats:
        """In batches; a level between two trained ones is interpolated, one outside is the outermost trained one."""
        if question.cross_learning:
            raise BadRequest(f"{self.name} judges each series alone; leave cross_learning out")
        context = np.full((len(question.series), self.context_length), np.nan, dtype=np.float32)
        for row, values in zip(context, question.series, strict=True):
            newest = values[-self.context_length :]
            row[-len(newest) :] = newest
        batches = (context[at : at + question.batch] for at in range(0, len(context), question.batch))
        found = np.concatenate([self._session.run(["quantiles"], {"context": batch})[0] for batch in batches])
        trained = found[:, :, : question.steps].astype(np.float64)
        return np.stack([self._at(trained, level) for level in levels], axis=1)

    def _at(self, trained: Floats, level: float) -> Floats:
        place = float(np.interp(level, self.levels, range(len(self.levels))))
        below, share = int(place), place % 1
        above = min(below + 1, len(self.levels) - 1)
        return np.asarray(trained[:, below] * (1 - share) + trained[:, above] * share)


class CheckpointModel:
    """A Chronos-2 checkpoint folder, run by chronos-forecasting and torch."""

    def __init__(self, folder: Path) -> None:
        self.name, self.context_length, self.steps, self.levels = checkpoint_facts(folder)
        self.digest = digest_of(sorted(part for part in folder.glob("*") if part.suffix in {".json", ".safetensors"}))
        from chronos import BaseChronosPipeline  # type: ignore[import-not-found]

        self._pipeline = BaseChronosPipeline.from_pretrained(str(folder), device_map="cpu", dtype="float32")

    def forecast(self, question: Question, levels: tuple[float, ...]) -> Floats:
        """One task per series; with ``cross_learning`` the series of a batch look at each other."""
        found, _ = self._pipeline.predict_quantiles(
            [values.astype(np.float32) for values in question.series],
            prediction_length=question.steps,
            quantile_levels=list(levels),
            batch_size=question.batch,
            cross_learning=question.cross_learning,
        )
        # Each is (1, steps, levels): one variate.
        return np.stack([np.asarray(one, dtype=np.float64)[0].T for one in found])


def checkpoint_facts(folder: Path) -> tuple[str, int, int, tuple[float, ...]]:
    """Name, context length, most steps and trained levels of a checkpoint, from its ``config.json`` alone."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))["chronos_config"]
    steps = int(config["output_patch_size"]) * int(config["max_output_patches"])
    return "chronos-2", int(config["context_length"]), steps, tuple(float(level) for level in config["quantiles"])


def digest_of(files: Sequence[Path]) -> str:
    """The first eight digits of the sha256 of these files, one after the other."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


# ------------------------------------------------------------------------------------------------- reading the request


def _question(inputs: Any, parameters: Any) -> Question:
    if not isinstance(inputs, list) or not 1 <= len(inputs) <= SERIES_MAX:
        raise BadRequest(f"inputs is a list of 1 to {SERIES_MAX} series; send more in several requests")
    if not isinstance(parameters, dict) or (unknown := parameters.keys() - PARAMETERS):
        known = ", ".join(sorted(PARAMETERS))
        raise BadRequest(
            f"parameters {sorted(unknown) if isinstance(parameters, dict) else ''} are unknown; use {known}"
        )
    series = tuple(_series(one, at) for at, one in enumerate(inputs))
    step = _step(parameters.get("freq"))
    told = tuple(_told(one, at, step) for at, one in enumerate(inputs))
    ids = [one["item_id"] for one in told if "item_id" in one]
    if len(set(ids)) < len(ids):
        raise BadRequest("item_id must be different for each series")
    cross_learning = parameters.get("cross_learning", False)
    if not isinstance(cross_learning, bool):
        raise BadRequest("cross_learning is true or false")
    return Question(
        series=series,
        told=told,
        steps=_count(parameters, "prediction_length", 1),
        levels=_levels(parameters.get("quantile_levels", LEVELS)),
        batch=_count(parameters, "batch_size", BATCH),
        cross_learning=cross_learning,
    )


def _series(one: Any, at: int) -> Floats:
    if not isinstance(one, dict) or one.keys() - SERIES:
        raise BadRequest(f"inputs[{at}] has target, item_id and start only; covariates are not used here")
    target = one.get("target")
    if not isinstance(target, list) or not all(map(_is_value, target)):
        raise BadRequest(f"inputs[{at}].target is one list of numbers, with null for a gap")
    try:
        values = np.array([np.nan if value is None else value for value in target], dtype=np.float64)
    except OverflowError as error:
        raise BadRequest(f"inputs[{at}].target holds a number that is too large") from error
    if (np.abs(values[~np.isnan(values)]) > LARGEST).any():
        raise BadRequest(f"inputs[{at}].target holds a number that is too large")
    return values


def _is_value(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _told(one: dict[str, Any], at: int, step: timedelta | None) -> dict[str, str]:
    told: dict[str, str] = {}
    if (item_id := one.get("item_id")) is not None:
        if not isinstance(item_id, str):
            raise BadRequest(f"inputs[{at}].item_id is a text")
        told["item_id"] = item_id
    start = one.get("start")
    if (start is None) != (step is None):
        raise BadRequest("start of every series and parameters.freq are given together, or neither")
    if start is not None and step is not None:
        try:
            told["start"] = (datetime.fromisoformat(start) + len(one["target"]) * step).isoformat()
        except (TypeError, ValueError, OverflowError) as error:
            raise BadRequest(f"inputs[{at}].start {start!r} is not a time such as 2026-01-01T00:00:00") from error
    return told


def _step(freq: Any) -> timedelta | None:
    """The time between two values: 5min, 1h, D. Calendar steps such as months are not fixed, and refused."""
    if freq is None:
        return None
    found = re.fullmatch(r"(\d{1,6})?([a-z]+)", freq.lower()) if isinstance(freq, str) else None
    if found is None or found[2] not in UNITS_S or found[1] == "0":
        raise BadRequest(f"freq {freq!r} is not understood; write a number and s, min, h, D or W, like 5min")
    return timedelta(seconds=int(found[1] or 1) * UNITS_S[found[2]])


def _levels(levels: Any) -> tuple[float, ...]:
    fine = isinstance(levels, Sequence) and 1 <= len(levels) <= LEVELS_MAX
    if not fine or not all(isinstance(level, float) and 0 < level < 1 for level in levels):
        raise BadRequest(f"quantile_levels is a list of 1 to {LEVELS_MAX} numbers between 0 and 1")
    return tuple(dict.fromkeys(levels))


def _count(parameters: dict[str, Any], name: str, default: int) -> int:
    value = parameters.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 2**20:
        raise BadRequest(f"{name} is a whole number from 1")
    return value
