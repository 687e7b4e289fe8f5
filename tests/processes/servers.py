"""The outside world as processes of its own: the AWS stand-in, and a simulated venue whose clock is real time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.processes import Child, free_port, stop_all

KEY = "simulator-key"
JPY = 100_000


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they listen, and the environment that points a desk at them."""

    simulator_url: str
    env: Mapping[str, str]


@contextmanager
def running(folder: Path, strategy: Mapping[str, Any]) -> Iterator[Servers]:
    """Both servers, for as long as the block lasts. The venue has no speed limits: those are shown elsewhere."""
    aws, venue = free_port(), free_port()
    url, chosen = f"http://127.0.0.1:{venue}", folder / "strategy.json"
    chosen.write_text(json.dumps(strategy))
    options = {"speed": 1, "seed": 5, "market": "calm", "jpy": JPY, "orders-per-s": 0, "details-per-s": 0}
    argv = ["-m", "simulator", "--port", str(venue), *(f"--{name}={value}" for name, value in options.items())]
    children = [
        Child(
            "AWS stand-in",
            ["-m", "adapters.aws_stand_in", "--port", str(aws)],
            f"http://127.0.0.1:{aws}/moto-api/data.json",
            folder / "aws.log",
        ),
        Child("simulator", argv, f"{url}/_health", folder / "simulator.log"),
    ]
    try:
        for child in children:
            child.start()
        for child in children:
            child.wait_ready()
        yield Servers(url, _environment(f"http://127.0.0.1:{aws}", url, chosen))
    finally:
        stop_all(children)


def _environment(aws_url: str, url: str, strategy: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": aws_url,
        "TRADER_BINANCE_URL": f"{url}/binance",
        "TRADER_COINCHECK_URL": f"{url}/coincheck",
        "TRADER_COINCHECK_ACCESS_KEY": KEY,
        "TRADER_COINCHECK_SECRET_KEY": "simulator-secret",
        "TRADER_STRATEGY": str(strategy),
    }
