"""Does an ONNX file answer as the checkpoint does? ``python -m deployments.model.check CHECKPOINT FILE [FILE...]``.

The truth is Chronos' own pipeline, unchanged, on many seeded series: every generated kind, with late starts, missing
candles and halts, constant, almost empty and empty. The error is measured in units of each series' own scale.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch  # type: ignore[import-not-found]
from chronos import BaseChronosPipeline  # type: ignore[import-not-found]
from numpy.typing import NDArray

from deployments.model import series
from deployments.model.agreement import LIMIT, errors

GOLDEN_SERIES = 12


def inputs(count: int, context: int, seed: int) -> NDArray[np.float32]:
    """Seeded contexts; the last three know one value, one constant half, and nothing."""
    rng = np.random.default_rng(seed)
    made = series.with_holes(series.generated(count, context, rng), context, rng)
    made[-3:] = np.nan
    made[-3, -1], made[-2, context // 2 :] = 61_234.5, 0.0731
    return made.astype(np.float32)


def truth(checkpoint: Path, contexts: NDArray[np.float32]) -> NDArray[np.float32]:
    """What Chronos answers to each series alone, all levels of one output patch."""
    pipeline = BaseChronosPipeline.from_pretrained(str(checkpoint), device_map="cpu", dtype=torch.float32)
    steps = pipeline.model.chronos_config.output_patch_size
    answers = pipeline.predict([torch.from_numpy(row) for row in contexts], prediction_length=steps, batch_size=16)
    return np.stack([answer[0].numpy() for answer in answers])


def answers(file: Path, contexts: NDArray[np.float32]) -> NDArray[np.float32]:
    """What ONNX Runtime answers, a few series at a time."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    parts = [session.run(["quantiles"], {"context": contexts[i : i + 6]})[0] for i in range(0, len(contexts), 6)]
    return np.concatenate(parts)


def write_golden(target: Path, contexts: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Keep inputs and torch's answers, for tests that have no torch."""
    np.savez_compressed(target, context=contexts, quantiles=expected.astype(np.float32))


def main() -> None:
    """Check each file; exit 1 when one that is not said to be quantized is off by more than LIMIT."""
    parser = argparse.ArgumentParser(prog="python -m deployments.model.check", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("files", type=Path, nargs="+", help="a file with int8 in its name is measured, not judged")
    parser.add_argument("--series", type=int, default=400)
    parser.add_argument("--context", type=int, default=336)
    parser.add_argument("--golden", type=Path, help="also write a few inputs and torch's answers here")
    asked = parser.parse_args()
    contexts = inputs(asked.series, asked.context, seed=1)
    expected, failed = truth(asked.checkpoint, contexts), False
    for file in asked.files:
        off = errors(answers(file, contexts), expected, contexts)
        judged = "int8" not in file.name
        failed |= judged and not off.max() <= LIMIT
        shown = f"median {np.median(off):.1e}, 99 % {np.quantile(off, 0.99):.1e}, largest {off.max():.1e}"
        print(f"check: {file.name}: error of the series' scale: {shown} ({len(off)} series)")
    if asked.golden:
        write_golden(asked.golden, contexts[-GOLDEN_SERIES:], expected[-GOLDEN_SERIES:])
    if failed:
        sys.exit(f"check: more than {LIMIT} off; the export does not answer as the checkpoint does")


if __name__ == "__main__":
    main()
