"""The stand-in's journal: what was answered is there after a kill, what was not is not half there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.aws import open_aws
from adapters.provision import provision
from adapters.stand_in.journal import Journal, Kept
from deployments.processes import free_port
from trading.errors import BadInput, Halt
from trading.tables import ORDER_REQUESTS, ORDER_STATE, PRICES, QUEUES, Names

NAMES = Names("kept")
BUCKET = SimpleNamespace(name="kept-files", spoken=b"\x00spoken")

keys = st.sampled_from("abcd")
values = st.one_of(st.none(), st.fixed_dictionaries({"v": st.fixed_dictionaries({"B": st.binary(max_size=3)})}))
lines = st.one_of(
    st.builds(lambda key, to: {"items": [["r", "t", {"pk": {"S": key}}, to]]}, keys, values),
    st.builds(
        lambda one, other: {"items": [["r", "t", {"pk": {"S": key}}, {"v": {"N": "1"}}] for key in (one, other)]},
        keys,
        keys,
    ),
    st.builds(lambda key: {"call": {"target": "X.Set", "body": key}}, keys),
    st.just({"call": {"target": "X.DeleteTable", "body": "", "forgets": ["r", "t"]}}),
)  # fmt: skip


def as_data(kept: Kept) -> tuple[object, ...]:
    return list(kept.calls.values()), kept.items, kept.files


def added(records: list[dict[str, object]]) -> Kept:
    kept = Kept()
    for record in records:
        kept.add(record)
    return kept


@settings(max_examples=60)
@given(st.lists(lines, max_size=12), st.data())
def test_a_journal_cut_anywhere_says_what_its_whole_lines_say(tmp_path_factory, records, data) -> None:
    """Whatever byte the last write stopped at: whole lines count, a torn one does not."""
    path = tmp_path_factory.mktemp("cut") / "journal"
    journal = Journal(path)
    journal.begin(Kept())
    for record in records:
        journal.append(record)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    survivors = records[: path.read_bytes().count(b"\n")]
    kept = journal.read()
    assert as_data(kept) == as_data(added(survivors))
    journal.begin(kept)
    assert as_data(journal.read()) == as_data(kept)


def test_a_damaged_line_in_the_middle_is_not_passed_over(tmp_path) -> None:
    """It was answered: the journal refuses to begin without it, names the line, and so does a body that was changed."""
    path = tmp_path / "journal"
    path.write_bytes(b'{"items":[]}\n{"items":[[\n{"items":[]}\n')
    journal = Journal(path)
    with pytest.raises(Halt, match="line 2"):
        journal.read()
    name = journal.keep_body(b"as stored")
    (tmp_path / "journal.files" / name).write_bytes(b"changed")
    with pytest.raises(Halt, match="damaged"):
        journal.body(name)


def test_one_journal_has_one_writer(tmp_path) -> None:
    """A second process on the same file is refused: two writers would each shorten away what the other wrote."""
    first = Journal(tmp_path / "journal")
    with pytest.raises(BadInput, match="in use"):
        Journal(tmp_path / "journal")
    assert first.path.name == "journal"


class Process:
    """A stand-in with a journal, as a process that can be killed."""

    def __init__(self, journal: Path) -> None:
        self.journal, self.child = journal, None

    def start(self, monkeypatch: pytest.MonkeyPatch):
        port = free_port()
        argv = [sys.executable, "-m", "adapters.aws_stand_in", "--port", str(port), "--journal", str(self.journal)]
        self.child = subprocess.Popen(argv)
        url = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=2).close()  # noqa: S310 (loopback)
                break
            except OSError:
                time.sleep(0.05)
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        return open_aws()

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()


@pytest.fixture
def process(tmp_path):
    made = Process(tmp_path / "journal")
    yield made
    made.kill()


def stream(aws, table: str, stop: threading.Event, thread: int) -> tuple[dict[str, int], dict[str, int]]:
    """Transactions of two items until nobody answers; the counts that were answered, and those that were asked."""
    sure, asked = {}, {}
    for number in range(10_000):
        puts = [{"Put": {"TableName": table, "Item": {"pk": {"S": f"{thread}-{name}"}, "sk": {"S": "x"},
                 "n": {"N": str(number)}, "raw": {"B": b"\x00"}}}} for name in "ab"]  # fmt: skip
        asked[str(thread)] = number
        try:
            aws._probe.transact_write_items(TransactItems=puts)
        except (BotoCoreError, ClientError):
            break
        sure[str(thread)] = number
        if number == 15:
            stop.set()
    return sure, asked


def test_every_answered_write_outlives_a_kill(process, monkeypatch) -> None:
    """SIGKILL amid two streams of transactions: what was answered is there, what was not is whole or absent."""
    aws = process.start(monkeypatch)
    provision(NAMES, aws, tables=(ORDER_STATE, PRICES), queues=QUEUES, buckets=())
    aws.s3.create_bucket(Bucket=BUCKET.name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    for key, body in (("a/kept 日.bin", BUCKET.spoken), ("gone", b"x")):
        aws.s3.put_object(Bucket=BUCKET.name, Key=key, Body=body, ContentType="text/kept")
    aws.s3.delete_object(Bucket=BUCKET.name, Key="gone")
    table, running = NAMES.table(ORDER_STATE), threading.Event()
    dead = {"pair": {"S": "p"}, "timestamp": {"N": "1"}, "ttl": {"N": "1"}}
    aws.dynamodb.put_item(TableName=NAMES.table(PRICES), Item=dead)
    aws.dynamodb.put_item(TableName=NAMES.table(PRICES), Item=dead | {"timestamp": {"N": "2"}, "ttl": {"N": "9e9"}})
    with ThreadPoolExecutor(2) as pool:
        streams = [pool.submit(stream, aws, table, running, thread) for thread in range(2)]
        running.wait(30)
        process.kill()
        told = [one.result() for one in streams]
    with process.journal.open("ab") as torn:
        torn.write(json.dumps({"items": [["ap-northeast-1", table, {}, {}]]}).encode()[:-9])

    aws = process.start(monkeypatch)
    found = {item["pk"]["S"]: item for item in aws.dynamodb.scan(TableName=table)["Items"]}
    for sure, asked in told:
        for thread, number in sure.items():
            pair = [int(found[f"{thread}-{name}"]["n"]["N"]) for name in "ab"]
            assert pair in ([number] * 2, [asked[thread]] * 2)
            assert found[f"{thread}-a"]["raw"] == {"B": b"\x00"}
    stays = aws.dynamodb.scan(TableName=NAMES.table(PRICES))["Items"]
    assert [item["timestamp"]["N"] for item in stays] == ["2"]
    kept = aws.s3.get_object(Bucket=BUCKET.name, Key="a/kept 日.bin")
    assert (kept["Body"].read(), kept["ContentType"]) == (BUCKET.spoken, "text/kept")
    assert [one["Key"] for one in aws.s3.list_objects_v2(Bucket=BUCKET.name)["Contents"]] == ["a/kept 日.bin"]
    assert aws.sqs.get_queue_url(QueueName=NAMES.queue(ORDER_REQUESTS))["QueueUrl"]
    assert provision(NAMES, aws, tables=(ORDER_STATE, PRICES), queues=QUEUES, buckets=()) == []
