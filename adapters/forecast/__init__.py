"""Forecasters: what answers "where is this pair in an hour". The maths of scoring them is in ``trading.signals``."""
