"""Commands that look at the node's disk and change nothing."""

from __future__ import annotations

import posixpath
import re
import stat
from datetime import UTC, datetime

from aifctl.sim.node.disk import Device, Directory, Entry, File, Generated, Link
from aifctl.sim.shell.context import UIDS, Call, CommandError, Program
from aifctl.sim.shell.flags import parse_flags
from aifctl.sim.shell.patterns import matches


async def _ls(call: Call) -> int:
    flags = parse_flags(call, "lahdA1trRFSi")
    status = 0
    for name in flags.operands or ["."]:
        path = call.shell.path(name)
        try:
            entry = call.shell.disk.find(path, follow="l" not in flags)
        except OSError as problem:
            status = await call.complain(f"ls: cannot access '{name}': {problem.strerror}", 2)
            continue
        entries = dict(entry.entries) if isinstance(entry, Directory) and "d" not in flags else {name: entry}
        for shown in sorted(entries):
            if not shown.startswith(".") or {"a", "A", "d"} & set(flags.given):
                await call.say((_long(call, shown, entries[shown]) if "l" in flags else shown) + "\n")
    return status


def _long(call: Call, name: str, entry: Entry) -> str:
    when = datetime.fromtimestamp(entry.mtime_s, tz=UTC).strftime("%b %e %H:%M")
    arrow = f" -> {entry.target}" if isinstance(entry, Link) else ""
    kind = stat.filemode(full_mode(entry))
    return (
        f"{kind} 1 {user_name(call, entry.uid)} {user_name(call, entry.gid)} {size_of(entry):>8} {when} {name}{arrow}"
    )


def _filled(form: str, facts: dict[str, str]) -> str:
    return re.sub(r"%([a-zA-Z])", lambda match: facts.get(match[1], "?"), form)


def full_mode(entry: Entry) -> int:
    """Return the mode with the bits that say what kind of thing it is."""
    kinds = {Directory: stat.S_IFDIR, Link: stat.S_IFLNK, Device: stat.S_IFCHR}
    return kinds.get(type(entry), stat.S_IFREG) | entry.mode


def size_of(entry: Entry) -> int:
    if isinstance(entry, File):
        return len(entry.contents)
    return 4096 if isinstance(entry, Directory) else 0


def user_name(call: Call, uid: int) -> str:
    known = {number: name for name, number in UIDS.items()}
    return known.get(uid, call.shell.user if call.shell.user != "root" else "ops")


async def _stat(call: Call) -> int:
    flags = parse_flags(call, "L", "cf")
    status = 0
    for name in flags.operands:
        try:
            entry = call.shell.disk.find(call.shell.path(name), follow="L" in flags)
        except OSError as problem:
            status = await call.complain(f"stat: cannot statx '{name}': {problem.strerror}")
            continue
        facts = {
            "a": f"{entry.mode:o}", "s": str(size_of(entry)), "n": name, "u": str(entry.uid), "g": str(entry.gid),
            "U": user_name(call, entry.uid), "G": user_name(call, entry.gid), "Y": str(int(entry.mtime_s)),
            "F": type(entry).__name__.lower(),
        }  # fmt: skip
        form = flags.values.get("c", "  File: %n\n  Size: %s\nAccess: %a  Uid: %u  Gid: %g")
        await call.say(_filled(form, facts) + "\n")
    return status


async def _readlink(call: Call) -> int:
    flags = parse_flags(call, "fen")
    for name in flags.operands:
        path = call.shell.path(name)
        entry = call.shell.disk.lookup(path, follow=False)
        if "f" in flags or "e" in flags or call.argv[0].endswith("realpath"):
            await call.say(call.shell.disk.resolve(path) + "\n")
        elif isinstance(entry, Link):
            await call.say(entry.target + "\n")
        else:
            return 1
    return 0


async def _find(call: Call) -> int:
    """Run find with -name, -type and -maxdepth."""
    words, starts = list(call.arguments), list[str]()
    while words and not words[0].startswith("-"):
        starts.append(words.pop(0))
    tests = dict(zip(words[::2], words[1::2], strict=False))
    if set(tests) - {"-name", "-type", "-maxdepth"}:
        raise CommandError(f"unknown predicate '{next(iter(set(tests) - {'-name', '-type', '-maxdepth'}))[:40]}'")
    kinds: dict[str, tuple[type[Entry], ...]] = {"f": (File, Generated), "d": (Directory,), "l": (Link,)}
    from_depth = {start: call.shell.path(start).rstrip("/").count("/") for start in starts or ["."]}
    for start, depth in from_depth.items():
        base = call.shell.path(start)
        for path, entry in list(call.shell.disk.walk(base)):
            too_deep = path.rstrip("/").count("/") - depth > int(tests.get("-maxdepth", "999")[:3])
            named = _fits(tests.get("-name", "*"), posixpath.basename(path))
            if not too_deep and named and isinstance(entry, kinds.get(tests.get("-type", ""), (Entry,))):
                await call.say(
                    start.rstrip("/") + path[len(base.rstrip("/")) :] + "\n" if path != base else start + "\n"
                )
            await call.shell.budget.step()
    return 0


def _fits(pattern: str, name: str) -> bool:
    return matches(pattern, name)


async def _base(call: Call) -> int:
    if not call.arguments:
        raise CommandError("missing operand")
    name = call.arguments[0].rstrip("/") or "/"
    shown = (posixpath.dirname(name) or ".") if call.argv[0] == "dirname" else posixpath.basename(name) or "/"
    suffix = call.arguments[1] if len(call.arguments) > 1 else ""
    return await call.say((shown.removesuffix(suffix) if suffix and shown != suffix else shown) + "\n")


async def _df(call: Call) -> int:
    flags = parse_flags(call, "hkPTil", "t")
    disk = call.shell.disk
    size_kib, used_kib = disk.size_bytes >> 10, disk.used_bytes >> 10
    used_kib = size_kib if disk.full else used_kib
    share = -(-100 * used_kib // max(1, size_kib))
    head = (
        "Filesystem      Size  Used Avail Use% Mounted on"
        if "h" in flags
        else ("Filesystem     1K-blocks     Used Available Use% Mounted on")
    )
    cells = [_human(value) if "h" in flags else str(value) for value in (size_kib, used_kib, size_kib - used_kib)]
    return await call.say(f"{head}\n/dev/md0 {cells[0]:>9} {cells[1]:>8} {cells[2]:>9} {share:>3}% /\n")


def _human(kib: int) -> str:
    return f"{kib / 1024:.0f}M" if kib >= 1024 else f"{kib}K"  # noqa: PLR2004  KiB to MiB


COMMANDS: dict[str, Program] = {
    "basename": _base,
    "df": _df,
    "dirname": _base,
    "find": _find,
    "ls": _ls,
    "readlink": _readlink,
    "realpath": _readlink,
    "stat": _stat,
}
