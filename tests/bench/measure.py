"""One command, measured as `aifctl bench` measures, with all that it printed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aifctl.sim import measured

_LONGEST_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one command cost and said."""

    cost: measured.Cost
    stdout: bytes

    @property
    def exit_code(self) -> int:
        return self.cost.exit_code

    @property
    def stderr(self) -> bytes:
        """Return the end of it."""
        return self.cost.stderr


def measure(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout_s: float = _LONGEST_S,
) -> Measured:
    """Run a command to its end; one past its time is killed and shows in its exit code."""
    with tempfile.TemporaryFile() as out:
        cost = measured.measure(command, stdout=out, cwd=cwd, env=env, stdin=stdin, timeout_s=timeout_s)
        out.seek(0)
        return Measured(cost=cost, stdout=out.read())
