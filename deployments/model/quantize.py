"""An exported model with 8-bit weights: ``python -m deployments.model.quantize FILE --out FILE``.

A quarter of the size. What it costs in accuracy depends on the weights: ``deployments.model.check`` tells.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnx  # type: ignore[import-not-found]
from onnxruntime.quantization import QuantType, quantize_dynamic


def quantize(source: Path, target: Path) -> None:
    """Write ``source`` with int8 weights and activations quantized as they come; its metadata is kept."""
    quantize_dynamic(source, target, weight_type=QuantType.QInt8)
    original, written = onnx.load(source, load_external_data=False), onnx.load(target)
    onnx.helper.set_model_props(written, {prop.key: prop.value for prop in original.metadata_props})
    onnx.save(written, target)


def main() -> None:
    """Quantize as the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m deployments.model.quantize", description=__doc__)
    parser.add_argument("source", type=Path, help="an ONNX file from deployments.model.export")
    parser.add_argument("--out", type=Path, required=True, help="the ONNX file to write")
    asked = parser.parse_args()
    quantize(asked.source, asked.out)
    print(f"quantize: {asked.source.stat().st_size:,} bytes -> {asked.out.stat().st_size:,} bytes in {asked.out}")


if __name__ == "__main__":
    main()
