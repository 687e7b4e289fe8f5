"""``trader restore``: the commands that it prints lead into the books that it brought back."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

import pytest

from adapters.aws_stand_in import serve
from deployments.cli import main
from deployments.embedded import venues_env
from simulator.config import SimulatorConfig
from simulator.process import running_simulator


@pytest.fixture
def _world(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[None]:
    """An AWS and a market of this test alone."""
    stand_in = serve()
    with running_simulator(SimulatorConfig(speed=1)) as url:
        env = venues_env(url) | {"AWS_ENDPOINT_URL": stand_in.url, "TRADER_STATE": str(tmp_path)}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield
    stand_in.stop()


@pytest.mark.usefixtures("_world")
@pytest.mark.parametrize("by_option", [False, True])
def test_the_printed_commands_open_the_restored_books(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, by_option: bool
) -> None:
    """Books restored beside their own are compared, and their switch turned off, by exactly what restore prints."""

    def typed(line: str) -> str:
        words = shlex.split(line)
        with monkeypatch.context() as patched:
            while "=" in words[0]:
                patched.setenv(*words.pop(0).split("=", 1))
            patched.setattr(sys, "argv", words)
            with pytest.raises(SystemExit) as ended:
                main()
        said = capsys.readouterr()
        assert not ended.value.code, (line, said)
        return said.out

    paper, own = (" --desk paper", "option") if by_option else ("", "setting")
    monkeypatch.setenv("TRADER_PREFIX", own)  # the stand-ins of one process share what they hold
    if not by_option:
        monkeypatch.setenv("TRADER_DESK", "paper")
    typed(f"trader init{paper}")
    typed(f"trader kill-switch on --reason trying{paper}")
    typed(f"trader backup{paper}")
    said = typed(f"trader restore --from latest --into-prefix beside-{own}{paper}")
    steps = said.rpartition("Next: ")[2].strip().replace("TEXT", "read").split(", then ")
    assert "is as it was" in said
    assert [step.startswith(f"TRADER_PREFIX=beside-{own} trader ") for step in steps] == [True, True]
    assert "book and venue agree" in typed(steps[0])
    assert "kill switch NOTHING" in typed(f"TRADER_PREFIX=beside-{own} trader kill-switch show{paper}")
    assert "kill switch OFF" in typed(steps[1])
    assert "kill switch OFF" in typed(f"TRADER_PREFIX=beside-{own} trader kill-switch show{paper}")
