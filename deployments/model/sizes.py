"""The two sizes of Chronos-2 here: the small one of our own, and the published one with random weights.

``python -m deployments.model.sizes --out FOLDER`` writes the latter: what can export it can export the real one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch  # type: ignore[import-not-found]
from chronos.chronos2 import Chronos2Model, Chronos2Pipeline  # type: ignore[import-not-found]
from chronos.chronos2.config import Chronos2CoreConfig  # type: ignore[import-not-found]

CONTEXT, STEPS = 336, 16
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PUBLISHED_LEVELS = (0.01, *(round(0.05 * n, 2) for n in range(1, 20)), 0.99)
FULL_CONTEXT, FULL_OUTPUT_PATCHES = 8192, 64


def small_model() -> Chronos2Model:
    """The classes of Chronos-2, with sizes that make a file of under a megabyte."""
    sizes = {"d_model": 64, "d_kv": 16, "d_ff": 256, "num_layers": 2, "num_heads": 4}
    return _model(CONTEXT, 1, LEVELS, **sizes, dropout_rate=0.0, initializer_factor=0.2)


def full_model() -> Chronos2Model:
    """The sizes of amazon/chronos-2: 120 million weights, here random ones."""
    sizes = {"d_model": 768, "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_heads": 12}
    return _model(FULL_CONTEXT, FULL_OUTPUT_PATCHES, PUBLISHED_LEVELS, **sizes, dropout_rate=0.1)


def _model(context: int, patches: int, levels: tuple[float, ...], **sizes: Any) -> Chronos2Model:
    forecasting = {
        "context_length": context, "time_encoding_scale": context, "input_patch_size": STEPS,
        "input_patch_stride": STEPS, "output_patch_size": STEPS, "max_output_patches": patches,
        "quantiles": list(levels), "use_reg_token": True, "use_arcsinh": True,
    }  # fmt: skip
    named = {"architectures": ["Chronos2Model"], "chronos_pipeline_class": "Chronos2Pipeline"}
    return Chronos2Model(Chronos2CoreConfig(chronos_config=forecasting, **named, **sizes))


def main() -> None:
    """Write a full-size checkpoint with seeded random weights."""
    parser = argparse.ArgumentParser(prog="python -m deployments.model.sizes", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    asked = parser.parse_args()
    torch.manual_seed(1)
    model = full_model()
    Chronos2Pipeline(model).save_pretrained(asked.out)
    print(f"sizes: {sum(p.numel() for p in model.parameters()):,} random weights saved in {asked.out}")


if __name__ == "__main__":
    main()
