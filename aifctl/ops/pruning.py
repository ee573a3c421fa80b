"""store prune: what was seen long ago goes, and the log with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.core.units import parse_duration_s
from aifctl.custody.audit import append_act
from aifctl.custody.person import this_person
from aifctl.ports.sink import Sink
from aifctl.ports.store import Pruned
from aifctl.ports.toolbox import Toolbox

PRUNED = Kind(
    name="StorePruned",
    about="What of a kind was too old to be kept.",
    key="what",
    keeps_order=True,
    columns=(
        Column(key="what", title="what", type=FieldType.STRING, about="readings, facts, sweeps, log, database"),
        Column(key="count", title="count", right=True, type=FieldType.INTEGER, about="how many; of the log files"),
        Column(key="bytes_count", title="bytes", right=True, type=FieldType.INTEGER, about="given back to the disk"),
    ),
)

#: A sweep that goes on is never too old, nor is what checks compare a look with.
_LEAST_S = 86_400.0


def prune_store(keep: str, tools: Toolbox, sink: Sink, *, dry_run: bool) -> Report:
    """Remove what is older than `keep`, which incidents, findings, states and what people said never are."""
    keep_s = parse_duration_s(keep)
    if keep_s < _LEAST_S:
        raise UsageError(f"--keep {keep}: keep a day at the least, e.g. 30d")
    if not dry_run:
        append_act(tools, this_person(tools.environ), verb="store prune", what=f"older than {keep}", why="")
    before_s = tools.clock.now().timestamp() - keep_s
    done = tools.store.prune(before_s=before_s, dry_run=dry_run)
    sink.open(Head(kind=PRUNED))
    for item in _items(done, dry_run=dry_run):
        sink.item(item)
    note = "this would go; nothing was removed" if dry_run else ""
    return Report(notes=(note,) if note else (), summary={"before_at": before_s, "dry_run": dry_run})


def _items(done: Pruned, *, dry_run: bool) -> Iterator[Mapping[str, Any]]:
    yield {"what": "readings", "count": done.readings_count, "bytes_count": None}
    yield {"what": "facts", "count": done.facts_count, "bytes_count": None}
    yield {"what": "sweeps", "count": done.sweeps_count, "bytes_count": None}
    yield {"what": "log", "count": done.segments_count, "bytes_count": done.log_bytes}
    # What a file gives back is known when it has.
    yield {"what": "database", "count": None, "bytes_count": None if dry_run else done.database_bytes}
