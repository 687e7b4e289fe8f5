"""Order messages of one event: each has an outcome of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.sqs_batch import Batch
from blocks.handed import handed
from deployments.on_lambda.engine import LeftS, without_limit
from flows.outcomes import StepsFailedError

log = logging.getLogger(__name__)


def carried_out(
    records: Sequence[Mapping[str, Any]], run: Callable[[], object], left_s: LeftS = without_limit
) -> dict[str, Any]:
    """What the event source is told after ``run`` worked on the messages: the ids of those that must come again.

    A message that there is no time for is not begun, and comes again.

    Raises what ``run`` raises when no message was done and it was not the messages' fault: a wrong setting, tables that
    do not answer. Once one is done the answer counts: a batch that failed as a whole would bring that one back, too.
    """
    batch = Batch(records, left_s)
    try:
        with handed(batch):
            run()
    except Exception as error:
        again = batch.unfinished()
        if len(again) == len(records) and not isinstance(error, StepsFailedError):
            raise
        log.exception("%d of %d messages are done", len(records) - len(again), len(records))
    return {"batchItemFailures": [{"itemIdentifier": one} for one in batch.unfinished()]}
