"""Calibration: how good forecasts turned out to be, and the weight that they earn by it (docs/decisions/0013)."""
