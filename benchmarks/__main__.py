"""``make bench``: every benchmark, one table each."""

from __future__ import annotations

from benchmarks.cycle import main

if __name__ == "__main__":
    main()
