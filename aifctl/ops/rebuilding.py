"""store rebuild: the database of what is remembered, made anew from its log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aifctl.core.errors import UsageError
from aifctl.core.report import Column, FieldType, Head, Kind, Report
from aifctl.custody.audit import append_act
from aifctl.custody.person import this_person
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

DAMAGE = Kind(
    name="StoreDamage",
    key="damage",
    keeps_order=True,
    records=True,
    about="A stretch of the store's log that could not be read, and is missing from what was made of it.",
    columns=(Column(key="damage", title="damage", type=FieldType.STRING, about="where, and what is wrong with it"),),
)


def rebuild_store(logs: Sequence[str], tools: Toolbox, sink: Sink) -> Report:
    """Rebuild from this control host's own log and the folders of others'; what is damaged is told, and the rest counts."""
    folders = [Path(text).absolute() for text in logs]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise UsageError(
            f"--log {missing[0]}: there is no such folder; it is another control host's STATE_DIR/store/log"
        )
    sink.accept(DAMAGE)
    append_act(tools, this_person(tools.environ), verb="store rebuild", what=" ".join(map(str, folders)), why="")
    done = tools.rebuild_store(folders)
    sink.open(Head(kind=DAMAGE))
    for sentence in done.damage:
        sink.item({"damage": sentence})
    aside = f"; the old file is {done.set_aside}" if done.set_aside else ""
    begun = "a snapshot and " if done.snapshot else ""
    return Report(
        notes=(f"the store was made anew of {begun}{done.batches_count} batches{aside}",),
        summary={
            "batches_count": done.batches_count,
            "snapshot": done.snapshot or None,
            "set_aside": done.set_aside or None,
            "damage_count": len(done.damage),
        },
        complete=not done.damage,
    )
