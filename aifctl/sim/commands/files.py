"""Commands that change the node's disk."""

from __future__ import annotations

import posixpath
import re

from aifctl.sim.node.disk import Device, Directory, Entry, Generated, Link
from aifctl.sim.shell.context import UIDS, Call, CommandError, Program, encode
from aifctl.sim.shell.flags import parse_flags
from aifctl.sim.shell.streams import BLOCK_BYTES, FileReader, FileWriter, Sink

_MODE = re.compile(r"[0-7]{3,4}")
_SYMBOLIC = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_OWNER = re.compile(r"[a-zA-Z0-9_-]*(:[a-zA-Z0-9_-]*)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


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
    outside = not path.startswith(("/tmp/", "/home/", "/var/tmp/", "/run/", "/dev/shm/"))  # noqa: S108  on the simulated disk
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
        call.shell.disk.open_file(
            call.shell.path(name), truncate=False, uid=call.shell.uid
        ).mtime_s = call.machine.now_s()
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
    user, _, group = ("", "", owner) if call.argv[0] == "chgrp" else owner.partition(":")
    for name in names:
        entry = call.shell.disk.find(call.shell.path(name))
        entry.uid = _uid(user) if user else entry.uid
        entry.gid = _uid(group) if group else entry.gid
    return 0


def _uid(name: str) -> int:
    return int(name) if name.isdigit() and len(name) < 10 else UIDS.get(name, 1000)  # noqa: PLR2004  a longer number is no user id


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
    "chgrp": _chown,
    "chmod": _chmod,
    "chown": _chown,
    "cp": _cp,
    "dd": _dd,
    "ln": _ln,
    "mkdir": _mkdir,
    "mktemp": _mktemp,
    "mv": _mv,
    "rm": _rm,
    "rmdir": _rmdir,
    "sync": _fsync,
    "tee": _tee,
    "touch": _touch,
}
