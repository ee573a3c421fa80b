"""doctor looks at what earlier commands have left: runs without an end, locks that are held, the audit chain."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.custody.audit import AUDIT, read_records, verify
from aifctl.custody.lock import read_holders
from aifctl.fanout.run_ids import run_ids
from aifctl.fanout.run_summary import RunState, list_runs
from aifctl.ops.doctor_rows import Row, Status
from aifctl.ports.toolbox import Toolbox


def look_at_runs(tools: Toolbox) -> Iterator[Row]:
    """Yield the runs that are kept, and those whose writer is gone without having ended them."""
    known, runs = len(run_ids(tools.state)), list_runs(tools.state)
    running = sum(run.state is RunState.RUNNING for run in runs)
    crashed = [run.run_id for run in runs if run.state is RunState.CRASHED]
    unreadable = known - len(runs)
    found = f"{known} kept, {running} running"
    if crashed:
        newest = max(crashed)
        found += f", {len(crashed)} whose writer is gone, the newest {newest}"
        advice = f"aifctl runs list shows them, aifctl runs resume {newest} does the rest of one"
        yield Row(what="runs", status=Status.WARN, found=found, advice=advice)
    else:
        yield Row(what="runs", found=found)
    if unreadable:
        advice = "aifctl runs list names them; their journals are damaged or of a newer aifctl"
        yield Row(what="runs", status=Status.WARN, found=f"{unreadable} can't be read", advice=advice)


def look_at_locks(tools: Toolbox) -> Iterator[Row]:
    """Yield each lock that is held, and a line where none is."""
    holders = read_holders(tools.state)
    for name, holder in holders:
        age_s = holder.age_s(tools.clock.now())
        found = f"{name}: held for {age_s:.0f} s by pid {holder.process.pid} ({holder.command})"
        if age_s < holder.deadline_s:
            yield Row(what="lock", found=found)
        else:
            found += f", beyond its own deadline of {holder.deadline_s:g} s"
            yield Row(what="lock", status=Status.WARN, found=found, advice=f"it hangs: end pid {holder.process.pid}")
    if not holders:
        yield Row(what="lock", found="none held")


def look_at_audit(tools: Toolbox) -> Iterator[Row]:
    """Yield how long the audit chain is; whether it is whole only `verify_audit` tells."""
    path = tools.state.path / AUDIT
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        yield Row(what="audit chain", found="nothing recorded yet")
        return
    yield Row(what="audit chain", found=f"{size_bytes} bytes, not verified", advice="aifctl doctor --audit verifies it")


def verify_audit(tools: Toolbox) -> Iterator[Row]:
    """Yield each thing that is wrong with the chain, or that nothing is."""
    problems = verify(tools.state)
    advice = "compare with a copy that nobody here can change; who could write the state directory then?"
    for problem in problems:
        yield Row(what="audit chain", status=Status.FAIL, found=problem, advice=advice)
    if not problems:
        count = len(read_records(tools.state))
        found = f"{count} record{'s' * (count != 1)}, each bound to the one before" if count else "nothing recorded yet"
        yield Row(what="audit chain", found=found)
