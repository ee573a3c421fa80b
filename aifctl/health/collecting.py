"""node collect: what a ticket asks for, from many nodes at once; nothing on them is changed.

It stands beside the verbs that act on findings because its parts are what their checks read, raw and whole.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.report import Column, Field, FieldType, Head, Kind, Report
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.carrying import Carried, carry, run_facts, run_notes
from aifctl.dispatch.consent import planned, show_plan
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import choose_for
from aifctl.dispatch.verdict import coverage_of, exit_of
from aifctl.fanout.plan import RunPlan
from aifctl.fanout.remote_command import build_command
from aifctl.fanout.safe_names import safe_name
from aifctl.health.collect_work import CollectWork, Part
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.work import NodeResult

BUNDLE = Kind(
    name="Bundle",
    about="What was collected from a node.",
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="outcome", title="outcome", type=FieldType.STRING, about="ok, exit, timeout, connect-timeout, …"),
        Column(
            key="files_count", title="files", right=True, type=FieldType.INTEGER, about="parts that were kept whole"
        ),
        Column(key="bytes_count", title="bytes", right=True, type=FieldType.INTEGER, about="of all of them"),
        Column(key="folder", title="folder", type=FieldType.STRING, about="where they lie"),
        Column(key="message", title="message", type=FieldType.STRING, about="which parts failed, and why"),
    ),
    fields=(
        Field(key="failed", type=FieldType.OBJECT, about="part → why"),
        Field(key="duration_s", type=FieldType.NUMBER, about="how long it took"),
        Field(key="started_at", type=FieldType.TIME, about="when it began"),
    ),
)

_TIMEOUT_S = 120.0
#: NVIDIA's own says that it may take several minutes.
_BUG_REPORT_TIMEOUT_S = 900.0

#: File → command line for a POSIX shell.
_PARTS: Mapping[str, str] = {
    "node.txt": "hostname; uptime; uname -a; cat /proc/sys/kernel/random/boot_id /proc/cmdline",
    "dmesg.txt": "dmesg --time-format iso 2>/dev/null || dmesg -T 2>/dev/null || dmesg",
    "journal.txt": "journalctl -b --no-pager -o short-iso -n 200000",
    "nvidia-smi-q.txt": "nvidia-smi -q",
    "nvidia-smi-topo.txt": "nvidia-smi topo -m",
    "nvlink.txt": "nvidia-smi nvlink -s; nvidia-smi nvlink -e",
    "ibstat.txt": "ibstat",
    "lspci.txt": "lspci -vvv -nn",
    "fabricmanager.log": "tail -c 8388608 /var/log/fabricmanager.log",
}
_BUG_REPORT = (
    'd=$(mktemp -d) || exit 1; trap \'rm -rf "$d"\' EXIT; cd "$d" && nvidia-bug-report.sh --output-file "$d/report" >&2 && '
    'cat "$d"/report*'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectAsked:
    """From whom; `fan.keep.outdir` is the folder.

    Attributes:
        bug_report: also what nvidia-bug-report.sh makes.
        sudo: as whom; None as the login user.
    """

    fan: Fan
    bug_report: bool = False
    sudo: str | None = "root"


def collect(asked: CollectAsked, tools: Toolbox, sink: Sink) -> Report:
    """Collect from each chosen node into OUTDIR/NODE and report what came of it."""
    outdir = asked.fan.keep.outdir
    if not outdir:
        raise UsageError("where to? --outdir DIR gets a folder for each node")
    folder = Path(outdir).expanduser().absolute()
    nodes = choose_for("collect", asked.fan.chosen, tools.fleet, tools)
    parts = _parts(asked, tools)
    deed = Deed(
        verb="collect",
        facts={"bug_report": asked.bug_report, "sudo": asked.sudo},
        work=CollectWork(parts=parts, folder=str(folder)),
        steps=tuple(f"keep what is said as {part.name}" for part in parts),
        changing=False,
    )
    order = Order(deed=deed, nodes=nodes, fan=asked.fan, selector=asked.fan.chosen.selector)
    if not nodes.names:
        sink.open(Head(kind=BUNDLE, facts={"verb": deed.verb}))
        return Report(notes=("nothing is selected, so nothing was collected",), summary={"counts": {}})
    if asked.fan.consent.dry_run:
        return show_plan(planned(order), tools, sink, guarded=False)

    def begun(plan: RunPlan) -> None:
        sink.open(Head(kind=BUNDLE, facts=run_facts(plan, order)))

    carried = carry(order, tools, lambda result: sink.item(_item(result, folder)), begun=begun)
    return _report(carried, asked.fan, folder)


def _parts(asked: CollectAsked, tools: Toolbox) -> tuple[Part, ...]:
    password = tools.secret("sudo_password") if asked.sudo else None

    def part(name: str, line: str, timeout_s: float) -> Part:
        whole = f"exec sh -c {shlex.quote(line)}"
        return Part(name=name, command=build_command(whole, sudo=asked.sudo, password=password, timeout_s=timeout_s))

    report = [part("nvidia-bug-report.log.gz", _BUG_REPORT, _BUG_REPORT_TIMEOUT_S)] if asked.bug_report else []
    return (*(part(name, line, _TIMEOUT_S) for name, line in _PARTS.items()), *report)


def _item(result: NodeResult, folder: Path) -> Mapping[str, Any]:
    files_count = result.detail.get("files_count")
    return {
        "node": result.node,
        "outcome": result.outcome.value,
        "files_count": files_count,
        "bytes_count": result.detail.get("bytes_count"),
        "folder": str(folder / safe_name(result.node)) if files_count else None,
        "message": result.message or None,
        "failed": dict(result.detail.get("failed") or {}),
        "duration_s": result.duration_s or None,
        "started_at": result.started_at or None,
    }


def _report(carried: Carried, fan: Fan, folder: Path) -> Report:
    tally = carried.tally
    coverage = coverage_of(tally.counts, not_reached=len(tally.not_reached), skipped=0)
    counts = {outcome.value: count for outcome, count in tally.counts.items()}
    return Report(
        exit=exit_of(tally.counts, coverage, stopped=tally.stopped, min_coverage=fan.pace.min_coverage),
        coverage=coverage,
        notes=run_notes(carried),
        summary={"run": carried.plan.run_id, "counts": counts, "folder": str(folder)},
        complete=coverage.answered == coverage.asked,
    )
