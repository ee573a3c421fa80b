"""Commands over the node's disk."""

from __future__ import annotations

import posixpath
import re
import stat
from datetime import UTC, datetime

from aifctl.sim.node.disk import Device, Directory, Entry, File, Generated, Link
from aifctl.sim.shell.context import UIDS, Call, CommandError, Program, encode
from aifctl.sim.shell.flags import parse_flags
from aifctl.sim.shell.streams import BLOCK_BYTES, FileReader, FileWriter, Sink

_MODE = re.compile(r"[0-7]{3,4}")
_SYMBOLIC = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_OWNER = re.compile(r"[a-zA-Z0-9_-]*(:[a-zA-Z0-9_-]*)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


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
    return f"{kind} 1 {user_name(call, entry.uid)} {user_name(call, entry.gid)} {size_of(entry):>8} {when} {name}{arrow}"


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
        await call.say(re.sub(r"%([a-zA-Z])", lambda match, facts=facts: facts.get(match[1], "?"), form) + "\n")
    return status


async def _rm(call: Call) -> int:
    flags = parse_flags(call, "rRfvdi")
    recursive, status = bool({"r", "R"} & set(flags.given)), 0
    for name in flags.operands:
        path = call.shell.path(name)
        entry = call.shell.disk.lookup(path, follow=False)
        problem = _why_not_removed(call, path, entry, recursive=recursive)
        if problem and not (entry is None and "f" in flags):
            status = await call.complain(f"rm: cannot remove '{name}': {problem}")
        elif entry is not None:
            call.shell.disk.remove_tree(path)
    return status


def _why_not_removed(call: Call, path: str, entry: Entry | None, *, recursive: bool) -> str:
    if path == "/":
        return "it is dangerous to operate recursively on '/'"
    if entry is None:
        return "No such file or directory"
    if isinstance(entry, Directory) and not recursive:
        return "Is a directory"
    if isinstance(entry, (Device, Generated)) or call.shell.disk.lookup(posixpath.dirname(path)) is None:
        return "Operation not permitted"
    outside = not path.startswith(("/tmp/", "/home/", "/var/tmp/", "/run/"))  # noqa: S108  on the simulated disk
    return "Permission denied" if call.shell.uid and outside else ""


async def _mkdir(call: Call) -> int:
    flags = parse_flags(call, "pv", "m")
    for name in flags.operands:
        path = call.shell.path(name)
        parents = list(reversed(_ancestors(path))) if "p" in flags else []
        for parent in [*parents, path]:
            exists = call.shell.disk.lookup(parent)
            if exists is None or (parent == path and not ("p" in flags and isinstance(exists, Directory))):
                call.shell.disk.make_dir(parent, mode=_mode(flags.values.get("m", "755"), 0o755), uid=call.shell.uid)
    return 0


def _ancestors(path: str) -> list[str]:
    found = []
    while (path := posixpath.dirname(path)) != "/":
        found.append(path)
    return found


async def _rmdir(call: Call) -> int:
    for name in parse_flags(call, "p").operands:
        call.shell.disk.remove_dir(call.shell.path(name))
    return 0


async def _touch(call: Call) -> int:
    for name in parse_flags(call, "cam", "dtr").operands:
        call.shell.disk.open_file(call.shell.path(name), truncate=False, uid=call.shell.uid).mtime_s = (
            call.machine.now_s()
        )
    return 0


def _target(call: Call, source: str, to: str) -> str:
    path = call.shell.path(to)
    into = isinstance(call.shell.disk.lookup(path), Directory)
    return posixpath.join(path, posixpath.basename(source.rstrip("/"))) if into else path


async def _mv(call: Call) -> int:
    *sources, to = _at_least_two(parse_flags(call, "fnvT").operands)
    for source in sources:
        call.shell.disk.rename(call.shell.path(source), _target(call, source, to))
    return 0


async def _cp(call: Call) -> int:
    flags = parse_flags(call, "aprRfvT")
    *sources, to = _at_least_two(flags.operands)
    recursive = bool({"a", "r", "R"} & set(flags.given))
    for source in sources:
        path, target = call.shell.path(source), _target(call, source, to)
        if isinstance(call.shell.disk.find(path), Directory) and not recursive:
            return await call.complain(f"cp: -r not specified; omitting directory '{source}'")
        for below, entry in list(call.shell.disk.walk(path)):
            await _copy(call, entry, posixpath.normpath(target + below[len(path) :]))
    return 0


async def _copy(call: Call, entry: Entry, to: str) -> None:
    disk, uid = call.shell.disk, call.shell.uid
    if isinstance(entry, Directory):
        if disk.lookup(to) is None:
            disk.make_dir(to, mode=entry.mode, uid=uid)
    elif isinstance(entry, Link):
        disk.add(to, Link(mode=0o777, uid=uid, gid=uid, target=entry.target, mtime_s=call.machine.now_s()))
    else:
        writer = FileWriter(disk, disk.open_file(to, truncate=True, mode=entry.mode, uid=uid))
        reader = FileReader(disk, entry)
        while block := await reader.read(BLOCK_BYTES):
            await writer.write(block)
        writer.settle()


def _at_least_two(operands: list[str]) -> list[str]:
    if len(operands) < 2:  # noqa: PLR2004  a source and a target
        raise CommandError("missing file operand")
    return operands


async def _ln(call: Call) -> int:
    flags = parse_flags(call, "sfnv")
    target, name = _at_least_two(flags.operands)[:2]
    if "s" not in flags:
        raise CommandError("hard links are not emulated on a simulated node; use -s")
    path = _target(call, target, name)
    if call.shell.disk.lookup(path, follow=False) is not None and "f" not in flags:
        raise FileExistsError(17, "File exists", name)
    uid = call.shell.uid
    call.shell.disk.add(path, Link(mode=0o777, uid=uid, gid=uid, target=target, mtime_s=call.machine.now_s()))
    return 0


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


async def _chmod(call: Call) -> int:
    """Set modes; the first word may look like an option (`-x`), so they are not read by getopt."""
    words = [word for word in call.arguments if word not in {"-R", "-v", "-f", "--"}]
    mode, *names = _at_least_two(words)
    for name in names:
        path = call.shell.path(name)
        for _, entry in list(call.shell.disk.walk(path)) if "-R" in call.arguments else [(path, None)]:
            found = entry or call.shell.disk.find(path)
            found.mode = _mode(mode, found.mode)
    return 0


def _mode(text: str, before: int) -> int:
    if _MODE.fullmatch(text):
        return int(text, 8)
    for clause in text.split(","):
        match = _SYMBOLIC.fullmatch(clause)
        if not match:
            raise CommandError(f"invalid mode: '{text[:40]}'")
        bits = sum({"r": 4, "w": 2, "x": 1, "X": 1}.get(letter, 0) for letter in set(match[3]) - {"X"} or set(match[3]))
        who = set("ugo") if not match[1] or "a" in match[1] else set(match[1])
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[one] for one in who)
        every = sum(7 << {"u": 6, "g": 3, "o": 0}[one] for one in who)
        before = {"+": before | mask, "-": before & ~mask, "=": (before & ~every) | mask}[match[2]]
    return before


async def _chown(call: Call) -> int:
    words = [word for word in call.arguments if not word.startswith("-")]
    owner, *names = _at_least_two(words)
    if not _OWNER.fullmatch(owner):
        raise CommandError(f"invalid user: '{owner[:40]}'")
    if call.shell.uid:
        raise CommandError(f"changing ownership of '{names[0]}': Operation not permitted")
    user, _, group = owner.partition(":")
    for name in names:
        entry = call.shell.disk.find(call.shell.path(name))
        entry.uid = _uid(user) if user and call.argv[0] != "chgrp" else entry.uid
        entry.gid = _uid(group) if group else entry.gid
    return 0


def _uid(name: str) -> int:
    return int(name) if name.isdigit() and len(name) < 10 else UIDS.get(name, 1000)  # noqa: PLR2004


async def _mktemp(call: Call) -> int:
    flags = parse_flags(call, "dqut", "p")
    template = flags.operands[0] if flags.operands else "tmp.XXXXXXXXXX"
    folder = flags.values.get("p") or ("/tmp" if "/" not in template else "")  # noqa: S108  on the simulated disk
    random = call.machine.random(f"mktemp {call.shell.process.pid} {len(call.machine.processes)}")
    while True:
        name = re.sub(r"X{3,}", lambda match: "".join(random.choices(_LETTERS, k=len(match[0]))), template)
        path = call.shell.path(posixpath.join(folder, name))
        if call.shell.disk.lookup(path) is None:
            break
    if "d" in flags:
        call.shell.disk.make_dir(path, mode=0o700, uid=call.shell.uid)
    else:
        call.shell.disk.open_file(path, truncate=True, mode=0o600, uid=call.shell.uid)
    return await call.say(path + "\n")


async def _tee(call: Call) -> int:
    flags = parse_flags(call, "ai")
    sinks: list[Sink] = [call.io.stdout]
    writers = [
        FileWriter(
            call.shell.disk,
            call.shell.disk.open_file(call.shell.path(name), truncate="a" not in flags, uid=call.shell.uid),
        )
        for name in flags.operands
    ]
    while block := await call.io.stdin.read(BLOCK_BYTES):
        for sink in [*sinks, *writers]:
            await sink.write(block)
    for writer in writers:
        writer.settle()
    return 0


async def _find(call: Call) -> int:
    """Run find with -name, -type and -maxdepth."""
    words, starts = list(call.arguments), list[str]()
    while words and not words[0].startswith("-"):
        starts.append(words.pop(0))
    tests = dict(zip(words[::2], words[1::2], strict=False))
    if set(tests) - {"-name", "-type", "-maxdepth"}:
        raise CommandError(f"unknown predicate '{next(iter(set(tests) - {'-name', '-type', '-maxdepth'}))[:40]}'")
    kinds = {"f": (File, Generated), "d": Directory, "l": Link}
    from_depth = {start: call.shell.path(start).rstrip("/").count("/") for start in starts or ["."]}
    for start, depth in from_depth.items():
        base = call.shell.path(start)
        for path, entry in list(call.shell.disk.walk(base)):
            too_deep = path.rstrip("/").count("/") - depth > int(tests.get("-maxdepth", "999")[:3])
            named = _fits(tests.get("-name", "*"), posixpath.basename(path))
            if not too_deep and named and isinstance(entry, kinds.get(tests.get("-type", ""), Entry)):
                await call.say(start.rstrip("/") + path[len(base.rstrip("/")) :] + "\n" if path != base else start + "\n")
            await call.shell.budget.step()
    return 0


def _fits(pattern: str, name: str) -> bool:
    from aifctl.sim.shell.patterns import matches  # noqa: PLC0415

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
    head = "Filesystem      Size  Used Avail Use% Mounted on" if "h" in flags else (
        "Filesystem     1K-blocks     Used Available Use% Mounted on"
    )
    cells = [_human(value) if "h" in flags else str(value) for value in (size_kib, used_kib, size_kib - used_kib)]
    return await call.say(f"{head}\n/dev/md0 {cells[0]:>9} {cells[1]:>8} {cells[2]:>9} {share:>3}% /\n")


def _human(kib: int) -> str:
    return f"{kib / 1024:.0f}M" if kib >= 1024 else f"{kib}K"  # noqa: PLR2004


async def _fsync(_call: Call) -> int:
    return 0


async def _dd(call: Call) -> int:
    """Copy if= to of= by bs= and count=."""
    values = dict(word.partition("=")[::2] for word in call.arguments)
    flags = parse_flags(Call(argv=["dd"], shell=call.shell, io=call.io), "")
    block_bytes = flags.size(values.get("bs", "512"))
    left = flags.size(values["count"]) * block_bytes if "count" in values else 1 << 62
    disk, copied = call.shell.disk, 0
    source = FileReader(disk, disk.find(call.shell.path(values["if"]))) if "if" in values else call.io.stdin
    sink: Sink = call.io.stdout
    if "of" in values:
        sink = FileWriter(disk, disk.open_file(call.shell.path(values["of"]), truncate=True, uid=call.shell.uid))
    while left > 0 and (block := await source.read(min(left, BLOCK_BYTES))):
        await sink.write(block)
        left -= len(block)
        copied += len(block)
    if isinstance(sink, FileWriter):
        sink.settle()
    await call.io.stderr.write(encode(f"{copied} bytes copied\n"))
    return 0


COMMANDS: dict[str, Program] = {
    "basename": _base,
    "chgrp": _chown,
    "chmod": _chmod,
    "chown": _chown,
    "cp": _cp,
    "dd": _dd,
    "df": _df,
    "dirname": _base,
    "find": _find,
    "ln": _ln,
    "ls": _ls,
    "mkdir": _mkdir,
    "mktemp": _mktemp,
    "mv": _mv,
    "readlink": _readlink,
    "realpath": _readlink,
    "rm": _rm,
    "rmdir": _rmdir,
    "stat": _stat,
    "sync": _fsync,
    "tee": _tee,
    "touch": _touch,
}
