"""``make bench``: every benchmark, one table each."""

from __future__ import annotations

from benchmarks import costs, cycle, forecast

if __name__ == "__main__":
    cycle.main()
    forecast.main()
    costs.main()
