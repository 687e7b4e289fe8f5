"""``python -m tests.operations.outages_shown [MINUTES]``: a desk on its schedules loses its worker, then its server.

Real programs in real time: what ``trader up`` runs on a replayed market, with an address for notifications. Twice the
worker and its look at the positions die of SIGKILL, while the look imports and while it looks; then the Prefect server
dies and comes back after MINUTES (30). Prints how long positions were unwatched, what became of the runs that were
missed, and what people were told. It takes MINUTES and about half an hour more.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from deployments.processes import Child, free_port, stop_all
from deployments.up.guard import marked
from deployments.up.parts import Options, parts
from deployments.up.place import MARK, held
from deployments.up.run import _start
from deployments.up.runs import Run, Runs
from trading.errors import Transient

LOOK = "monitor_positions"
CALM_S, AFTER_S = 150, 480
FIRST_S = 330
"""Prefect looks at the first events of runs that were made less than five minutes ago much later (dead_runs.py)."""
RESTART_S = 10
"""How long systemd or ECS take, at least, to start a worker again."""


def say(text: str) -> None:
    """One line with the time, at once."""
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stdout.flush()


class Told(BaseHTTPRequestHandler):
    """Where notifications arrive."""

    def do_POST(self) -> None:
        """Print one."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
        say(f"TOLD {' '.join(body.split())[:300]}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Not each request."""


def looks(runs: Runs, since: datetime) -> list[Run]:
    """The looks at positions that were completed after a time."""
    return [one for one in runs.ended(since) if one.flow == LOOK and one.state == "Completed"]


def watched_again(runs: Runs, since: datetime, worker: Child) -> datetime:
    """Wait for the first look that completes after a time; the worker is started again whenever it has ended."""
    while True:
        with suppress(Transient):
            if found := looks(runs, since):
                return found[0].at
        if worker.ended():
            say("the worker has ended; started again")
            worker.start()
        time.sleep(1)


def killed_in_a_look(runs: Runs, worker: Child, state: str) -> datetime:
    """Wait until a look is in this state; then SIGKILL the worker and every process of its runs."""
    while not any(one.flow == LOOK and one.state == state for one in runs.under_way()):
        time.sleep(0.2)
    for pid in marked(f"{MARK}={worker.env[MARK]}"):
        with suppress(OSError):
            if b"PREFECT__FLOW_RUN_ID=" in Path(f"/proc/{pid}/environ").read_bytes():
                os.kill(pid, signal.SIGKILL)
    if worker.process is not None:
        worker.process.kill()
    return datetime.now(UTC)


def fates(runs: Runs, since: datetime) -> None:
    """What became of every run that was due in a time, by flow: counted, and the words of those that did not run."""
    due = {"expected_start_time": {"after_": since.isoformat(), "before_": datetime.now(UTC).isoformat()}}
    found = runs._filter(due, "EXPECTED_START_TIME_ASC", 200)
    ended = [runs._run(one, "expected_start_time") for one in found]
    for flow in sorted({one.flow for one in ended}):
        say(f"  {flow}: {dict(Counter(one.state for one in ended if one.flow == flow))}")
    words = Counter((one.flow, one.state, re.sub(r"\d+( minutes|:\d\d)", r"N\1", one.message)) for one in ended)
    for (flow, state, message), times in words.most_common():
        if message:
            say(f"  {times} x {flow} {state}: {message[:120]}")


def main(minutes: float = 30) -> None:
    """Start, disturb, print, stop."""
    sink = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    os.environ["TRADER_SLACK_WEBHOOK_URL"] = f"http://127.0.0.1:{sink.server_port}/told"
    with tempfile.TemporaryDirectory() as folder:
        options = Options("paper", replay=True, port=free_port(), state=Path(folder))
        with held(options.state) as place:
            whole = parts(options, place)
            children = [*whole.servers, *whole.workers]
            try:
                _start(options, place, whole, say)
                runs, worker = Runs(whole.api_url), whole.workers[0]
                time.sleep(FIRST_S)
                for state in ("Submitting", "Running"):
                    dead = killed_in_a_look(runs, worker, state)
                    say(f"SIGKILL: the worker and its runs, when a look is {state}")
                    time.sleep(RESTART_S)
                    worker.start()
                    seconds = (watched_again(runs, dead, worker) - dead).total_seconds()
                    say(f"watched again {seconds:.0f} s after the kill")
                    time.sleep(CALM_S)
                server_away(runs, whole.servers[-1], worker, minutes)
                fates(runs, datetime.now(UTC) - timedelta(minutes=minutes, seconds=AFTER_S))
            finally:
                stop_all(children)


def server_away(runs: Runs, server: Child, worker: Child, minutes: float) -> None:
    """SIGKILL the Prefect server, start it again so many minutes later, and watch what follows."""
    if server.process is not None:
        os.killpg(server.process.pid, signal.SIGKILL)
    gone = datetime.now(UTC)
    say("SIGKILL: the Prefect server")
    while datetime.now(UTC) < gone + timedelta(minutes=minutes):
        if worker.ended():
            say(f"the worker has ended: {worker.last_words()[:150]}; started again")
            worker.start()
        time.sleep(RESTART_S)
    server.start()
    server.wait_ready()
    back = datetime.now(UTC)
    say("the server is there again")
    seconds = (watched_again(runs, back, worker) - back).total_seconds()
    say(f"watched again {seconds:.0f} s after the server was back")
    time.sleep(AFTER_S)


if __name__ == "__main__":
    main(*(float(one) for one in sys.argv[1:2]))
