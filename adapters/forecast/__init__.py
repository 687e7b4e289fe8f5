"""Models of the next hour, each behind the ``Forecaster`` port."""
