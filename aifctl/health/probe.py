"""probe: look at this machine as a sweep looks at a node, and show what each section had to say."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aifctl.core.errors import BackendError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.printable import printable_line
from aifctl.core.report import Column, Field, FieldType, Head, Kind, Report
from aifctl.diagnosis.reading import SectionStatus
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.ports.probe_package import ProbePackage
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.survey.envelope import Envelope, RawSection, open_envelope
from aifctl.survey.probe_work import PROBE_TIMEOUT_S

PROBE = Kind(
    name="Probe",
    about="One section of what the probe reads of this machine, raw.",
    key="section",
    keeps_order=True,
    columns=(
        Column(key="section", title="section", type=FieldType.STRING, about="gpu, port, pci, kernel, host, …"),
        Column(key="status", title="status", type=FieldType.STRING, about="ok, na, error or timeout"),
        Column(key="code", title="code", type=FieldType.STRING, about="why not, for programs: driver-hung, denied, …"),
        Column(key="took_s", title="seconds", right=True, type=FieldType.NUMBER, about="how long it took"),
        Column(key="bytes_count", title="bytes", right=True, type=FieldType.INTEGER, about="of its data as JSON"),
        Column(key="message", title="message", type=FieldType.STRING, about="why not, for people"),
    ),
    fields=(Field(key="data", type=FieldType.OBJECT, about="what was read, as the section sends it"),),
)

#: Runs a package on this machine and returns what it said on stdout.
Run = Callable[[ProbePackage], bytes]

_NOT_READ = frozenset({SectionStatus.ERROR, SectionStatus.TIMEOUT})


def probe(tools: Toolbox, sink: Sink, *, run: Run | None = None) -> Report:
    """Report each section; exit 1 where one could not be read, 69 where the probe itself gave no answer."""
    package = tools.probe
    said = (run or run_locally)(package)
    try:
        envelope = open_envelope(said, node="", probe=package.sha256)
    except UnreadableError as problem:
        raise BackendError(f"the probe gave no answer that can be read: {problem}") from problem
    sink.open(Head(kind=PROBE, facts=_facts(envelope)))
    for name, section in sorted(envelope.sections.items()):
        sink.item(_item(name, section))
    return _report(envelope)


def run_locally(package: ProbePackage) -> bytes:
    """Run the probe with this Python, alone with its standard library, as a node does; BackendError where it fails."""
    with tempfile.TemporaryDirectory(prefix="aifctl-") as folder:
        path = Path(folder, "probe.zip")
        path.write_bytes(package.data)
        command = [sys.executable, "-I", "-S", str(path), "{}"]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise BackendError(f"the probe could not be run here: {problem}") from problem
    if done.returncode:
        last = printable_line(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2])[:300]
        raise BackendError(f"the probe failed here with exit code {done.returncode}: {last}")
    return done.stdout


def _facts(envelope: Envelope) -> Mapping[str, Any]:
    return {
        "probe": envelope.probe,
        "hostname": envelope.hostname,
        "boot_id": envelope.boot_id,
        "python": envelope.python,
        "user": envelope.user,
        "took_s": envelope.took_s,
        "cpu_s": envelope.cpu_s,
        "probe_left": list(envelope.probe_left),
    }


def _item(name: str, section: RawSection) -> Mapping[str, Any]:
    return {
        "section": name,
        "status": section.status.value,
        "code": section.code or None,
        "took_s": section.took_s,
        "bytes_count": len(json.dumps(section.data, separators=(",", ":"))) if section.data else 0,
        "message": section.message or None,
        "data": section.data,
    }


def _report(envelope: Envelope) -> Report:
    failed = sorted(name for name, section in envelope.sections.items() if section.status in _NOT_READ)
    notes = [f"could not be read: {', '.join(failed)}"] if failed else []
    if envelope.probe_left:
        left = ", ".join(map(str, envelope.probe_left))
        notes.append(f"processes of this or an earlier probe that not even KILL has ended: {left}")
    return Report(
        exit=ExitCode.FINDINGS if failed else ExitCode.OK,
        notes=tuple(notes),
        summary={"sections_count": len(envelope.sections), "unread_count": len(failed)},
    )
