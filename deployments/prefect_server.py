"""How we want Prefect's own server to run, wherever we start it for keeps: ``trader up``, a machine of one's own."""

from __future__ import annotations

RETENTION_DAYS = 30
"""How long runs stay in the UI. The books, the records of decisions and the archive are elsewhere, and stay."""

DAY_S = 86_400

KEEPING: dict[str, str] = {
    # A task run is about 22 KB: six pairs are 100 to 150 MB a day, and by default only events are ever deleted.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(RETENTION_DAYS * DAY_S),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    # What a run holds (its place as the only one of its flow) is let go 300 s after the run died. Kept in memory, that
    # would be forgotten when the server dies with it, and the flow would never run again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # For a process that died while it imported it need not be 300 s: a live one renews it as soon as it runs. With the
    # 15 s in which it is seen, the next look after two minutes already finds its place free.
    "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "90",
    # Task runs are written in batches: one by one they cost twice the server's time.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
"""Settings of a server that runs for months."""

CLIENT: dict[str, str] = {
    # Without an address a process must fail at once, not start a server of its own somewhere.
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
}
"""Settings of everything that talks to it."""

BEAT_S = 30
RUNS: dict[str, str] = {
    # What ends dead runs counts on it; Prefect's own 180 s would make a place be held for six minutes.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(BEAT_S),
}
"""Settings of every run that a worker starts."""
