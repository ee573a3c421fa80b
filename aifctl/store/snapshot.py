"""What a database held at one moment but for its readings, in a file beside the log's segments: `SEQ.snapshot.jsonl.gz`.

What it covers of the segments is told by what it holds of the table of that name. A covered segment is kept as long as it has
readings that are kept, for these alone: they are nearly all of a store, and are so written once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, column, delete, insert, select, table

from aifctl.core.errors import BusyError
from aifctl.core.state_dir import sync_folder
from aifctl.store.apply_looks import add_readings
from aifctl.store.apply_pruned import apply_prune
from aifctl.store.batch import make_batch
from aifctl.store.damage import DamagedLogError
from aifctl.store.hand import Hand, deflated
from aifctl.store.log import SNAPSHOT_SUFFIX, Log, snapshots_in
from aifctl.store.reads_nodes import inflated
from aifctl.store.schema import VERSION, refuse_newer
from aifctl.store.segment import Segment, lock, log_error, open_to_read
from aifctl.store.tables import LOG_HEAD, METADATA, READINGS

Record = Mapping[str, Any]

#: To a member: some megabytes of facts.
_ROWS_COUNT = 256
_UNFINISHED = ".snapshot.new"


def write_snapshot(connection: Connection, log: Log, *, at_s: float) -> None:
    """Write down what a reading transaction sees, in place of the snapshot before; whole on the disk before it has its name.

    Raises:
        BusyError: somebody else writes one.
        LogError: the disk is full, or the folder can't be written; what there was stands.
    """
    seq = connection.execute(select(LOG_HEAD.c.seq)).scalar_one()
    folder = log.state.folder(*log.parts)
    path, unfinished = folder / f"{seq:012d}{SNAPSHOT_SUFFIX}", folder / _UNFINISHED
    with closing(_begun(log, unfinished)) as file:
        try:
            for records in _members(connection):
                file.append(make_batch(records).member(seq=seq, at_s=at_s))
            unfinished.rename(path)
            sync_folder(folder)
        except OSError as problem:
            raise log_error(folder, problem) from problem
        finally:
            unfinished.unlink(missing_ok=True)
    for older in snapshots_in(folder):
        if older.name < path.name:
            older.unlink(missing_ok=True)


def newest_snapshot(folders: Iterable[Path]) -> Path | None:
    """Return the one that covers the most: control hosts that share a store have one each."""
    return max((path for folder in folders for path in snapshots_in(folder)), key=lambda path: path.name, default=None)


def schema_of(path: Path) -> int:
    """Return the version of the tables that a snapshot fills; NewerStoreError where we don't know it."""
    version = int(next(_read(path))["schema"])
    refuse_newer(version, VERSION, str(path))
    return version


def restore(connection: Connection, path: Path) -> None:
    """Fill new tables from a snapshot; DamagedLogError where it is not what was written."""
    connection.execute(delete(LOG_HEAD))
    for record in _read(path):
        if record["kind"] == "rows":
            columns = record["columns"]
            into = table(record["table"], *map(column, columns))
            packed = [columns.index(name) for name in record["deflated"]]
            for row in record["rows"]:
                for index in packed:
                    row[index] = deflated(row[index])
            connection.execute(insert(into), [dict(zip(columns, row, strict=True)) for row in record["rows"]])


def apply_past(hand: Hand, records: Sequence[Record]) -> None:
    """Apply what a snapshot covers and does not hold: readings, of sweeps that it knows."""
    for kind, those in groupby(records, key=lambda record: record["kind"]):
        if kind == "look":
            looks = list(those)
            known = hand.known_sweeps({look["sweep"] for look in looks})
            looks = [look for look in looks if look["sweep"] in known]
            add_readings(hand, looks, hand.node_ids([look["node"] for look in looks]))
        elif kind == "prune":
            apply_prune(hand, list(those))


def _begun(log: Log, path: Path) -> Segment:
    """Return the file that becomes a snapshot, locked and empty; whoever was killed in the midst of it has left it behind."""
    try:
        descriptor = log.state.open_file(path, os.O_RDWR | os.O_CREAT)
    except OSError as problem:
        raise log_error(path.parent, problem) from problem
    file = Segment(path, descriptor, 0, log.sync)
    # Whoever had the lock may have given the file its name meanwhile.
    if not lock(descriptor) or not path.exists() or not os.path.samestat(path.stat(), os.fstat(descriptor)):
        file.close()
        raise BusyError(f"somebody else prunes the store in {path.parent}; try again when they are done")
    file.cut(0)
    return file


def _members(connection: Connection) -> Iterator[Sequence[Record]]:
    yield [{"kind": "snapshot", "schema": VERSION}]
    for one in METADATA.tables.values():
        if one is READINGS:
            continue
        told = {
            "kind": "rows",
            "table": one.name,
            "columns": [part.name for part in one.columns],
            "deflated": [part.name for part in one.columns if isinstance(part.type, LargeBinary)],
        }
        packed = [index for index, part in enumerate(one.columns) if isinstance(part.type, LargeBinary)]
        found = connection.execute(select(one), execution_options={"yield_per": _ROWS_COUNT})
        for some in found.partitions():
            rows = [list(row) for row in some]
            for row in rows:
                for index in packed:
                    body = inflated(row[index])
                    row[index] = None if body is None else body.decode("ascii")
            yield [{**told, "rows": rows}]
    yield [{"kind": "whole"}]


def _read(path: Path) -> Iterator[Record]:
    with open_to_read(path) as file:
        walked, last = file.walk(0), ""
        for member in walked.members:
            for record in file.records(member):
                last = record["kind"]
                yield record
        if last != "whole" or walked.damaged_bytes:
            raise DamagedLogError(
                f"{path} is not what was written: copy it back from where it is kept, or move it away and make the store "
                "of the segments alone"
            )
