"""What cron needs of a verb: a stable jitter, a text file for Prometheus, a heartbeat."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.metrics import Family, escape_label, render_metrics
from aifctl.core.report import Coverage
from aifctl.core.secret import Secret
from aifctl.dispatch.posting import CALL_TIMEOUT_S, Letter, Send, call_out

#: Everybody that was to be asked has answered: "could not look" is never a success, a finding is one.
COVERED = frozenset({ExitCode.OK, ExitCode.FINDINGS})

Labels = Mapping[str, str]

_FILE_MODE = 0o644  # the exporter is another user
_OLD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One end of a verb, however it came.

    Attributes:
        name: the lock's name, or the verb's where there is none; tells cron jobs apart.
        counts: nodes by outcome.
        more: what else is known at this end, such as `aifctl.diagnosis.fleet_metrics` of a sweep's nodes.
        looked: false where the lock's holder was left to do it: an attempt, never a success.
    """

    name: str
    verb: str
    at: datetime
    duration_s: float
    exit: ExitCode
    coverage: Coverage | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    more: tuple[Family, ...] = ()
    looked: bool = True


def jitter_s(limit_s: float, name: str, *, control_host: str | None = None) -> float:
    """Return how long this control host waits before the job of this name: the same every time, below the limit."""
    seed = f"{control_host or socket.gethostname()}:{name}".encode()
    return limit_s * int.from_bytes(hashlib.sha256(seed).digest()[:8]) / (1 << 64)


def check_textfile(path: str) -> Path:
    """Return the path if it can be written; UsageError or SetupError before anything is run otherwise."""
    file = Path(path)
    if file.suffix != ".prom":
        raise UsageError(f"--textfile {path!r} must end in .prom: the exporter reads nothing else")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise SetupError(f"--textfile {path}: {file.parent} is not a folder that can be written")
    return file


def write_textfile(path: Path, attempt: Attempt) -> None:
    """Write what Prometheus is to know of this attempt, whole or not at all; the last success is kept from before.

    SetupError where it can't be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        text = render_textfile(attempt, last_success_at=_last_success(path, attempt.name))
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), _FILE_MODE)
            stream.write(text)
        aside.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise SetupError(f"--textfile {path} can't be written: {problem.strerror}") from problem


def render_textfile(attempt: Attempt, *, last_success_at: float | None) -> str:
    """Return the metrics; `last_success_at` counts unless this attempt is a success itself."""
    named = {"name": attempt.name}
    families = [
        _family("attempt_timestamp_seconds", "When it last ended, however.", [(named, attempt.at.timestamp())]),
        _family("attempt_duration_seconds", "How long it took.", [(named, attempt.duration_s)]),
        _family("exit_code", "0 clean, 1 findings, else see the exit codes of aifctl.", [(named, int(attempt.exit))]),
    ]
    success_at = attempt.at.timestamp() if attempt.looked and attempt.exit in COVERED else last_success_at
    if success_at is not None:
        about = "When it last looked at all it should (exit 0 or 1)."
        families.append(_family("last_success_timestamp_seconds", about, [(named, success_at)]))
    if attempt.coverage is not None:
        families += _coverage(attempt.coverage, named)
    rows = [({**named, "outcome": key}, float(value)) for key, value in sorted(attempt.counts.items())]
    families.append(_family("nodes", "Nodes by outcome.", rows))
    # Named, too: the exporter refuses two files that hold one series, and a site may sweep hall by hall.
    more = (
        replace(one, rows=tuple(({**named, **labels}, value) for labels, value in one.rows)) for one in attempt.more
    )
    return render_metrics([*families, *more])


def send_heartbeat(url: Secret, *, send: Send | None = None, timeout_s: float = CALL_TIMEOUT_S) -> str | None:
    """Call the URL; returns a sentence for stderr where that failed, which never holds the URL."""
    return call_out(url, Letter(), what="the heartbeat", send=send, timeout_s=timeout_s).problem or None


def _coverage(coverage: Coverage, named: Labels) -> list[Family]:
    return [
        _family(
            "coverage_ratio",
            "Share of the nodes asked that answered; of a sweep, that could be judged.",
            [(named, coverage.share)],
        ),
        _family("asked_nodes", "Nodes that were to be asked.", [(named, coverage.asked)]),
        _family(
            "answered_nodes", "Nodes that answered; of a sweep, that could be judged.", [(named, coverage.answered)]
        ),
        _family("skipped_nodes", "Nodes left out on purpose.", [(named, coverage.skipped)]),
    ]


def _family(name: str, about: str, rows: Sequence[tuple[Labels, float]]) -> Family:
    return Family(name=f"aifctl_{name}", about=about, rows=tuple(rows))


def _last_success(path: Path, name: str) -> float | None:
    """Read the last success from the file that is about to be replaced; None where there is none to read."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_OLD_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    row = re.escape(f'aifctl_last_success_timestamp_seconds{{name="{escape_label(name)}"}} ')
    match = re.search(rf"^{row}([0-9.]+)$", text, re.MULTILINE)
    return float(match[1]) if match else None
