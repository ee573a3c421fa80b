"""runs diff: the nodes whose outcome, exit status or output is not what it was."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from aifctl.core.errors import UsageError
from aifctl.core.printable import printable_bytes
from aifctl.core.report import Column, Field, FieldType, Head, Item, Kind, Report
from aifctl.core.state_dir import StateDir
from aifctl.fanout.run_ids import run_ids
from aifctl.fanout.run_nodes import NodeChange, compare_runs
from aifctl.fanout.run_summary import RunState, read_summary
from aifctl.fanout.runs import RunRecord, read_run
from aifctl.ops.runs.showing import notes_on
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.work import NodeResult, Output

CHANGES = Kind(
    name="RunChange",
    about="A node whose outcome, exit status or output differs between two runs.",
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="change", title="change", type=FieldType.STRING, about="outcome, rc, output, new or gone"),
        Column(key="before", title="before", type=FieldType.STRING, about="its outcome in the earlier run"),
        Column(key="after", title="after", type=FieldType.STRING, about="its outcome in the later run"),
        Column(key="difference", title="difference", type=FieldType.STRING, about="the first lines that differ"),
    ),
    fields=(
        Field(key="diff", type=FieldType.STRING, about="of stdout and stderr, unified, made printable"),
        Field(key="rc_before", type=FieldType.INTEGER, about="exit status in the earlier run"),
        Field(key="rc_after", type=FieldType.INTEGER, about="exit status in the later run"),
    ),
)

# difflib is quadratic at its worst: a longer stream is compared by size and digest alone.
_MOST_DIFFED_BYTES = 32_768
_MOST_LINES = 20
_MOST_SHOWN_LINES = 4
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffAsked:
    """`run` is the earlier one and `other` the later; without `other`, `run` is compared with its predecessor."""

    run: str
    other: str | None = None


def diff_runs(asked: DiffAsked, tools: Toolbox, sink: Sink) -> Report:
    """Report every node that differs; nodes that don't are counted."""
    earlier, later = _pair(asked, tools.state)
    changes = compare_runs(earlier, later)
    sink.open(Head(kind=CHANGES, facts={"earlier": earlier.run_id, "later": later.run_id}))
    for change in changes:
        sink.item(_item(change))
    same = len({*earlier.outcomes, *later.outcomes}) - len(changes)
    said = f"{len(changes)} nodes differ between {earlier.run_id} and {later.run_id}, {same} don't"
    return Report(
        notes=(said, *notes_on(earlier), *notes_on(later)),
        summary={"same_count": same, "changed_count": dict(Counter(change.kind for change in changes))},
        complete=RunState.RUNNING not in {earlier.state, later.state},
    )


def predecessor(state: StateDir, verb: str, work: object, *, below: str | None = None) -> RunRecord | None:
    """Return the latest run, of those before `below`, that did the same work on whichever nodes."""
    for run_id in reversed(run_ids(state)):
        summary = read_summary(state, run_id) if below is None or run_id < below else None
        if summary and (verb, work) == (summary.verb, summary.facts.get("work")):
            return read_run(state, run_id)
    return None


def _pair(asked: DiffAsked, state: StateDir) -> tuple[RunRecord, RunRecord]:
    record = read_run(state, asked.run)
    if asked.other is not None:
        return record, read_run(state, asked.other)
    before = predecessor(state, record.summary.verb, record.summary.facts.get("work"), below=record.run_id)
    if before is None:
        raise UsageError(f"no run before {record.run_id} did the same; name two runs, as in `aifctl runs diff -2 -1`")
    return before, record


def _item(change: NodeChange) -> Item:
    one, two = change.earlier, change.later
    diff = _diff(one, two) if one and two else None
    return {
        "node": change.node,
        "change": change.kind,
        "before": change.before,
        "after": change.after,
        "rc_before": one and one.rc,
        "rc_after": two and two.rc,
        "difference": diff and _first_lines(diff),
        "diff": diff,
    }


def _diff(one: NodeResult, two: NodeResult) -> str | None:
    texts = (_stream_diff("stdout", one.stdout, two.stdout), _stream_diff("stderr", one.stderr, two.stderr))
    return "\n".join(filter(None, texts)) or None


def _first_lines(diff: str) -> str:
    """Return what came and went on one line, for a table."""
    lines = [line for line in diff.split("\n") if not line.startswith((" ", "@@", "---", "+++"))]
    text = "  ".join(lines[:_MOST_SHOWN_LINES])
    cut = len(lines) > _MOST_SHOWN_LINES or len(text) > _MOST_SHOWN
    return f"{text[:_MOST_SHOWN]} …" if cut else text


def _stream_diff(stream: str, one: Output, two: Output) -> str:
    if (one.sha256, one.bytes_count) == (two.sha256, two.bytes_count):
        return ""
    before, after = _lines(one), _lines(two)
    if before is None or after is None:
        return f"{stream}: {one.bytes_count} bytes before, {two.bytes_count} after"
    lines = list(difflib.unified_diff(before, after, f"{stream} before", f"{stream} after", n=1, lineterm=""))
    more = len(lines) - _MOST_LINES
    return "\n".join([*lines[:_MOST_LINES], *([f"… {more} more lines"] if more > 0 else [])])


def _lines(output: Output) -> list[str] | None:
    """Return a stream's lines made printable; None where it is too long or can't be read any more."""
    if output.bytes_count > _MOST_DIFFED_BYTES:
        return None
    try:
        data = output.inline if output.inline is not None else Path(output.path or "").read_bytes()
    except OSError:
        return None
    return printable_bytes(data).removesuffix("\n").split("\n") if data else []
