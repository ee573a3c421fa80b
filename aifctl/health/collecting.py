"""node collect: what a ticket asks for, from many nodes at once; nothing on them is changed.

It stands beside the verbs that act on findings because its parts are what their checks read, raw and whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.process import this_process
from aifctl.core.report import Column, Field, FieldType, Head, Kind, Report
from aifctl.custody.claims import Claim, Release, found_held
from aifctl.dispatch.again import nodes_again
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.carrying import Carried, carry, run_facts, run_notes
from aifctl.dispatch.consent import planned, show_plan
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import Nodes, choose_for
from aifctl.dispatch.verdict import coverage_of, exit_of
from aifctl.fanout.plan import RunPlan
from aifctl.fanout.remote_command import build_command
from aifctl.fanout.runs import RunRecord
from aifctl.fanout.safe_names import safe_name
from aifctl.health.collect_work import CollectWork, Part
from aifctl.health.held import new_owner
from aifctl.health.node_moves import said
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

VERB = "collect"
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
        owner: as whom the nodes are held, where an earlier run has begun it.
    """

    fan: Fan
    bug_report: bool = False
    sudo: str | None = "root"
    owner: str = ""


def collect(asked: CollectAsked, tools: Toolbox, sink: Sink) -> Report:
    """Collect from each chosen node into OUTDIR/NODE and report what came of it."""
    folder = _folder(asked.fan)
    return _collect(asked, folder, choose_for(VERB, asked.fan.chosen, tools.fleet, tools), tools, sink)


def collect_again(record: RunRecord, names: tuple[str, ...], fan: Fan, tools: Toolbox, sink: Sink) -> Report:
    """Collect from some of an earlier run's nodes, into its folder."""
    facts = record.head["work"]
    asked = CollectAsked(
        fan=fan, bug_report=facts["bug_report"], sudo=facts["sudo"], owner=record.head.get("owner", "")
    )
    return _collect(asked, _folder(fan), nodes_again(record, names, tools), tools, sink)


def _folder(fan: Fan) -> Path:
    if not fan.keep.outdir:
        raise UsageError("where to? --outdir DIR gets a folder for each node")
    return Path(fan.keep.outdir).expanduser().absolute()


def _collect(asked: CollectAsked, folder: Path, nodes: Nodes, tools: Toolbox, sink: Sink) -> Report:
    order = Order(deed=_deed(asked, folder, tools), nodes=nodes, fan=asked.fan, selector=asked.fan.chosen.selector)
    if not nodes.names:
        sink.open(Head(kind=BUNDLE, facts={"verb": VERB}))
        return Report(notes=("nothing is selected, so nothing was collected",), summary={"counts": {}})
    if asked.fan.consent.dry_run:
        return show_plan(planned(order), tools, sink, guarded=False)
    results: list[NodeResult] = []

    def begun(plan: RunPlan) -> None:
        sink.open(Head(kind=BUNDLE, facts=run_facts(plan, order)))

    def each(result: NodeResult) -> None:
        results.append(result)
        sink.item(_item(result, folder))

    carried = carry(order, tools, each, begun=begun)
    return _report(carried, asked.fan, folder, results)


def _deed(asked: CollectAsked, folder: Path, tools: Toolbox) -> Deed:
    owner = asked.owner or new_owner(VERB, tools)
    password = tools.secret("sudo_password") if asked.sudo else None
    wanted = [(name, line, _TIMEOUT_S) for name, line in _PARTS.items()]
    if asked.bug_report:
        wanted.append(("nvidia-bug-report.log.gz", _BUG_REPORT, _BUG_REPORT_TIMEOUT_S))

    def work(run: str) -> CollectWork:
        claim = Claim(owner=owner, run=run, host=this_process().control_host)

        def part(name: str, line: str, timeout_s: float) -> Part:
            whole = claim.holding(line, release=Release.END if name == wanted[-1][0] else Release.PART)
            command = build_command(whole, sudo=asked.sudo, password=password, timeout_s=timeout_s)
            return Part(name=name, command=command)

        return CollectWork(parts=tuple(part(*one) for one in wanted), folder=str(folder))

    return Deed(
        verb=VERB,
        facts={"bug_report": asked.bug_report, "sudo": asked.sudo},
        work=work,
        steps=tuple(f"keep what is said as {name}" for name, _, _ in wanted),
        changing=False,
        owner=owner,
    )


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


def _report(carried: Carried, fan: Fan, folder: Path, results: Sequence[NodeResult]) -> Report:
    tally, busy = carried.tally, found_held(results)
    coverage = coverage_of(tally.counts, not_reached=len(tally.not_reached), skipped=0)
    counts = {outcome.value: count for outcome, count in tally.counts.items()}
    code = exit_of(tally.counts, coverage, stopped=tally.stopped, min_coverage=fan.pace.min_coverage)
    return Report(
        exit=first_that_applies(code, ExitCode.BUSY) if busy else code,
        coverage=coverage,
        notes=(*run_notes(carried), *([f"{said(busy)} held by another run, and left alone"] if busy else [])),
        summary={"run": carried.plan.run_id, "counts": counts, "folder": str(folder)},
        complete=coverage.answered == coverage.asked,
    )
