"""Metrics on CloudWatch: what is counted is there, and counting never gets in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.aws import Aws
from adapters.metrics import NAMESPACE, CloudWatchMetrics, open_cloudwatch
from trading.ports.metrics import Metrics

AT = datetime.now(UTC).replace(second=0, microsecond=0)


def counted(client: Any, dimensions: dict[str, str]) -> list[float]:
    told = client.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="ForecastFallbacks",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=AT - timedelta(minutes=5),
        EndTime=AT + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )
    return [point["Sum"] for point in told["Datapoints"]]


def test_counts_add_up_under_their_dimensions(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two counts of one thing at one time sum up, apart from another thing's; the desk's own dimension is on all."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    metrics: Metrics = CloudWatchMetrics({"prefix": "trader-test"})
    assert metrics.count("ForecastFallbacks", 1, AT, {"model": "momentum-fallback"})
    assert metrics.count("ForecastFallbacks", 2, AT, {"model": "momentum-fallback"})
    assert metrics.count("ForecastFallbacks", 5, AT, {"model": "chronos-2-small"})
    client = open_cloudwatch()
    assert counted(client, {"prefix": "trader-test", "model": "momentum-fallback"}) == [3]
    assert counted(client, {"prefix": "trader-test", "model": "chronos-2-small"}) == [5]
    assert counted(client, {"prefix": "another-desk", "model": "chronos-2-small"}) == []


NO = ClientError({"Error": {"Code": "AccessDenied"}}, "PutMetricData")


@pytest.mark.parametrize("error", [NO, OSError("no route"), ZeroDivisionError("a bug")])
def test_what_cannot_be_counted_is_only_logged(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    """Whatever goes wrong, nothing is raised: the caller is told False, and the log and a figure keep it."""

    class Client:
        def put_metric_data(self, **_: Any) -> None:
            raise error

    metrics = CloudWatchMetrics({"prefix": "p"}, Client())
    assert metrics.count("ForecastFallbacks", 1, AT) is False
    assert metrics.uncounted == 1
    assert type(error).__name__ in caplog.text


def test_a_cloudwatch_that_is_away_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: one try, no exception, False."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    assert CloudWatchMetrics({"prefix": "p"}).count("ForecastFallbacks", 1, AT) is False
