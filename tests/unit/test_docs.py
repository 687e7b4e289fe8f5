"""What the pages promise is what the code does."""

from pathlib import Path

from adapters.coincheck.errors import rows
from tasks.policies import ASK, SEND, THINK, WRITE

ERRORS = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()


def test_the_errors_page_lists_what_the_coincheck_client_does() -> None:
    """Each row of the client's table of outcomes stands in docs/errors.md, word for word."""
    told = [tuple(cell.strip() for cell in line.strip("| \n").split(" | ")) for line in ERRORS.splitlines()]
    assert [row for row in told if row in set(rows())] == list(rows())


def test_the_errors_page_states_the_retry_policies() -> None:
    """Attempts and delays of each policy on the page are those of tasks/policies.py; SEND and THINK never retry."""
    assert f"| ASK | reading the outside world | {ASK['retries'] + 1}, after about 1, 5 and 15 s |" in ERRORS
    assert f"| {WRITE['retries'] + 1}, after about 1, 2, 4 and 8 s |" in ERRORS
    assert (ASK["retry_delay_seconds"], WRITE["retry_delay_seconds"]) == ([1, 5, 15], [1, 2, 4, 8])
    assert (SEND["retries"], THINK["retries"]) == (0, 0)
