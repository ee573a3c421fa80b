"""Who did what, when, from where and why: append-only, each record bound to the one before by its hash.

The chain shows that a record was changed, removed or put in; `audit.head` beside it shows that the end was cut off.
Somebody who may write both files can forge both: copy `audit.jsonl` to where they can't, if that matters.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import StateDir
from aifctl.ports.clock import Clock
from aifctl.ports.store_writes import By
from aifctl.ports.toolbox import Toolbox

AUDIT = "audit.jsonl"
HEAD = "audit.head"

_GENESIS = "0" * 64
_REPAIR = "audit-repair"
_HASH_KEY = b',"hash":"'
_HASH_BYTES = len(_HASH_KEY) + 64 + len(b'"}')


def append(
    state: StateDir, *, clock: Clock, who: str, from_where: str, verb: str, what: str, why: str, run: str | None = None
) -> str:
    """Append one record, on the disk when this returns, and return its hash; SetupError where that can't be done.

    A last line that a crash or a full disk has torn is closed and its digest recorded; nothing is ever taken away.
    """
    fields = {"who": who, "from": from_where, "verb": verb, "what": what, "why": why, "run": run}
    folder = state.folder()
    try:
        descriptor = state.open_file(folder / AUDIT, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return _append_locked(state, descriptor, clock, fields)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise SetupError(f"the audit chain {folder / AUDIT} can't be written: {problem.strerror}") from problem


def append_act(tools: Toolbox, by: By, *, verb: str, what: str, why: str) -> None:
    """Append what somebody is about to do, as the store will know them; SetupError where that can't be done."""
    append(
        tools.state,
        clock=tools.clock,
        who=by.who,
        from_where=by.from_where,
        verb=verb,
        what=what,
        why=why,
        run=by.run or None,
    )


def verify(state: StateDir) -> list[str]:
    """Return what is wrong with the chain, one sentence each; nothing where it is whole, or was never begun."""
    path, head = state.path / AUDIT, state.path / HEAD
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [f"{path} is gone, and {head} says that there was one"] if head.exists() else []
    except OSError as problem:
        return [f"{path} can't be read: {problem.strerror}"]
    problems, hashes = _check_lines(data, path)
    return [*problems, *_check_head(head, hashes, path)]


def read_records(state: StateDir) -> list[Mapping[str, Any]]:
    """Return every readable record, oldest first, repairs included; whether they are genuine is `verify`'s business."""
    try:
        lines = (state.path / AUDIT).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [record for record in map(_parse, lines) if record is not None]


def _append_locked(state: StateDir, descriptor: int, clock: Clock, fields: Mapping[str, Any]) -> str:
    previous, torn = _last(descriptor)
    if torn:
        os.write(descriptor, b"\n")
        repair = {"verb": _REPAIR, "torn_bytes": len(torn), "torn_sha256": hashlib.sha256(torn).hexdigest()}
        previous = _write(descriptor, clock, previous, repair)
    last = _write(descriptor, clock, previous, fields)
    os.fdatasync(descriptor)
    _write_head(state, last)
    return last


def _write(descriptor: int, clock: Clock, previous: str, fields: Mapping[str, Any]) -> str:
    record = {"at": clock.now().isoformat(), **fields, "prev": previous}
    body = json.dumps(record, separators=(",", ":"), allow_nan=False)[:-1].encode("ascii")
    digest = hashlib.sha256(body).hexdigest()
    line = b'%b,"hash":"%b"}\n' % (body, digest.encode("ascii"))
    start = os.fstat(descriptor).st_size
    if os.write(descriptor, line) != len(line):
        os.ftruncate(descriptor, start)  # our own half, under our lock: it was never a record
        raise OSError(28, os.strerror(28))
    return digest


def _last(descriptor: int) -> tuple[str, bytes]:
    """Return the hash of the last record, and what stands behind the last newline."""
    size = os.fstat(descriptor).st_size
    step = 1 << 16
    while True:
        start = max(0, size - step)
        whole, _, torn = os.pread(descriptor, size - start, start).rpartition(b"\n")
        for line in reversed(whole.split(b"\n")[1 if start else 0 :]):
            digest = _digest_of(line)
            if digest is not None:
                return digest, torn
        if not start:
            return _GENESIS, torn
        step *= 4


def _write_head(state: StateDir, last: str) -> None:
    """Note the last hash beside the chain; one that is older than the chain's end is still found in it."""
    aside = state.path / f".{HEAD}.{os.getpid()}"
    descriptor = state.open_file(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"{last}\n")
    aside.rename(state.path / HEAD)


def _check_lines(data: bytes, path: Path) -> tuple[list[str], list[str]]:
    problems: list[str] = []
    hashes: list[str] = []
    previous, torn = _GENESIS, b""
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        digest, record = _digest_of(line), _parse(line)
        if digest is None or record is None:
            if torn:
                problems.append(f"{path}:{number - 1}: {_not_a_record(torn)}")
            torn = line or b"\n"
            continue
        if torn and not _repairs(record, torn):
            problems.append(f"{path}:{number - 1}: {_not_a_record(torn)}")
        torn = b""
        if record.get("prev") != previous:
            problems.append(f"{path}:{number}: does not follow the record before it: something was changed or removed")
        previous = digest
        hashes.append(digest)
    if torn:
        problems.append(f"{path}:{len(lines)}: {_not_a_record(torn)}")
    if rest:
        problems.append(
            f"{path}:{len(lines) + 1}: the last record is torn ({len(rest)} bytes); the next one repairs it"
        )
    return problems, hashes


def _check_head(head: Path, hashes: list[str], path: Path) -> list[str]:
    try:
        noted = head.read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return [f"{head} is gone: whether the end of {path} was cut off can't be told"] if hashes else []
    except OSError as problem:
        return [f"{head} can't be read: {problem.strerror}"]
    if noted in hashes:
        return []
    return [f"{path}: the record {noted[:12]} that {head} names is not in it: the end was cut off or rewritten"]


def _repairs(record: Mapping[str, Any], torn: bytes) -> bool:
    return record.get("verb") == _REPAIR and record.get("torn_sha256") == hashlib.sha256(torn).hexdigest()


def _not_a_record(line: bytes) -> str:
    return f"is not what was written ({len(line)} bytes that don't match their hash)"


def _digest_of(line: bytes) -> str | None:
    """Return a line's own hash where it is right."""
    body, claimed = line[:-_HASH_BYTES], line[-_HASH_BYTES:]
    digest = hashlib.sha256(body).hexdigest()
    return digest if claimed == b'%b%b"}' % (_HASH_KEY, digest.encode("ascii")) else None


def _parse(line: bytes) -> Mapping[str, Any] | None:
    with contextlib.suppress(ValueError):
        record = json.loads(line)
        return record if isinstance(record, dict) else None
    return None
