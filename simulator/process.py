"""Running the world: on the loopback interface only, in this thread or in one of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from simulator.app import make_app
from simulator.config import SimulatorConfig

HOST = "127.0.0.1"
START_S_MAX = 30.0


async def run(config: SimulatorConfig, app: web.Application, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; ``ready`` gets the base URL once connections are taken.

    Raises OSError for a port in use.
    """
    # Open connections are cut at the end instead of waited for: the clients of a simulated world need no goodbye.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, config.port)
        await site.start()
        ready(f"http://{HOST}:{runner.addresses[0][1]}")
        await stop.wait()
    finally:
        await runner.cleanup()


@contextmanager
def running_simulator(config: SimulatorConfig) -> Iterator[str]:
    """A world in a background thread of this process; yields its base URL, ends with the block.

    Raises BadInput for a configuration that cannot be run, before any thread is started.
    """
    app = make_app(config)
    loop = asyncio.new_event_loop()
    stop, started = asyncio.Event(), threading.Event()
    found: list[str] = []

    def ready(url: str) -> None:
        found.append(url)
        started.set()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(run(config, app, ready, stop))
        finally:
            started.set()
            loop.close()

    thread = threading.Thread(target=serve, name="simulator", daemon=True)
    thread.start()
    started.wait(START_S_MAX)
    if not found:
        msg = f"the simulator did not start on {HOST}:{config.port}"
        raise RuntimeError(msg)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_S_MAX)
