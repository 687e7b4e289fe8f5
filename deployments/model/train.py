"""Train a small Chronos-2 for the next hour of 5-minute prices: ``python -m deployments.model.train``.

Seeded from end to end. Only candles before TRAINED_UNTIL are read; what comes after is for the card. The loss is the
pinball loss of the price in units of the window's own one-step move, each step h divided by sqrt(h): a quiet pair and
a wild one, the first step and the last, count alike.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch  # type: ignore[import-not-found]
from chronos.chronos2 import Chronos2Model, Chronos2Pipeline  # type: ignore[import-not-found]

from deployments.model import series
from deployments.model.independent import make_independent
from deployments.model.sizes import CONTEXT, LEVELS, STEPS, small_model

NAME = "chronos-2-small"
TRAINED_UNTIL = datetime(2023, 6, 1, tzinfo=UTC)
BATCH, GENERATED_SHARE, GENERATED_POOL = 128, 0.25, 16_000
PEAK_RATE, WARM_UP_STEPS, CLIP = 3e-3, 200, 1.0
SMALLEST_MOVE = 1e-4  # of the price: the unit of a series that stands still


class Batches:
    """Batches of context and target, both relative to the last value and in units of the window's one-step move."""

    def __init__(self, candles: Path, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._real = [series.typical_prices(path, TRAINED_UNTIL) for path in sorted(candles.glob("*-5m.parquet"))]
        self._generated = series.generated(GENERATED_POOL, CONTEXT + STEPS, self._rng)

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The next batch: (context with NaN where nothing is known, what came after)."""
        made = round(BATCH * GENERATED_SHARE)
        real = series.real_windows(self._real, BATCH - made, CONTEXT + STEPS, self._rng)
        drawn = self._generated[self._rng.integers(len(self._generated), size=made)]
        windows = np.concatenate([real, drawn])
        windows = series.with_holes(windows[~np.isnan(windows[:, CONTEXT - 1])], CONTEXT, self._rng)
        context = windows[:, :CONTEXT]
        last = context[:, -1:]
        moves = np.diff(context, axis=1)
        known = np.maximum(np.sum(~np.isnan(moves), axis=1, keepdims=True), 1)
        unit = np.sqrt(np.nansum(moves**2, axis=1, keepdims=True) / known) + SMALLEST_MOVE * np.abs(last)
        scaled = torch.from_numpy(((windows - last) / unit).astype(np.float32))
        return scaled[:, :CONTEXT], scaled[:, CONTEXT:]


def pinball(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean pinball loss over what is known of the target, step h divided by sqrt(h)."""
    levels = torch.tensor(LEVELS)[None, :, None]
    missed = target[:, None, :] - predicted
    loss = torch.maximum(levels * missed, (levels - 1) * missed) / torch.arange(1, STEPS + 1).sqrt()
    return loss[~torch.isnan(loss)].mean()


def train(candles: Path, steps: int, seed: int) -> Chronos2Model:
    """The trained model; says every 100 steps how far it is."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # the same sums in the same order on every machine
    torch.use_deterministic_algorithms(mode=True)
    model = make_independent(small_model()).train()
    batches = Batches(candles, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    started, losses = time.monotonic(), []
    for step in range(1, steps + 1):
        context, target = batches.next()
        loss = pinball(model(context).quantile_preds, target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        rate.step()
        losses.append(loss.item())
        if step % 100 == 0 or step == steps:
            shown = f"loss {np.mean(losses[-100:]):.4f}, {time.monotonic() - started:.0f} s"
            print(f"train: step {step} of {steps}, {shown}", flush=True)
    return model.eval()


def _rate(step: int, steps: int) -> float:
    """A short warm-up, then half a cosine down to nothing."""
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    return 0.5 * (1 + math.cos(math.pi * (step - WARM_UP_STEPS) / max(steps - WARM_UP_STEPS, 1)))


def main() -> None:
    """Train and save a checkpoint folder that ``BaseChronosPipeline.from_pretrained`` loads."""
    parser = argparse.ArgumentParser(prog="python -m deployments.model.train", description=__doc__)
    parser.add_argument("--candles", type=Path, required=True, help="folder of SYMBOL-5m.parquet files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--steps", type=int, default=4_000, help="optimizer steps")
    parser.add_argument("--seed", type=int, default=20_230_601)
    asked = parser.parse_args()
    model = train(asked.candles, asked.steps, asked.seed)
    Chronos2Pipeline(model).save_pretrained(asked.out)
    about = {"name": NAME, "trained_until": TRAINED_UNTIL.isoformat()}
    (asked.out / "about.json").write_text(json.dumps(about) + "\n")
    print(f"train: {sum(p.numel() for p in model.parameters()):,} parameters saved in {asked.out}")


if __name__ == "__main__":
    main()
