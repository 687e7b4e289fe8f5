"""The forecast model that ships with the package: chronos-2-small.onnx and its card."""
