"""The forecast model: a small Chronos-2 of our own (train, export, quantize, check, evaluate, card).

``train``, ``export``, ``quantize`` and ``check`` need torch and run in an environment of their own (Python 3.11,
requirements/train.txt); they import nothing else of ours. ``evaluate`` and ``card`` run where the pipeline runs.
"""
