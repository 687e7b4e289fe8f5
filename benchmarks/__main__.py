"""``make bench``: every benchmark, one table each; ``python -m benchmarks scale [PAIRS]``: a large universe alone."""

from __future__ import annotations

import sys

from benchmarks import costs, cycle, forecast, scale

if __name__ == "__main__":
    if sys.argv[1:2] == ["scale"]:
        scale.main(*(int(one) for one in sys.argv[2:3]))
    else:
        cycle.main()
        forecast.main()
        costs.main()
