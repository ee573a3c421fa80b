"""Where a kernel's log is read from: /dev/kmsg, else the journal, else dmesg; this boot's, from a cursor on."""

import contextlib
import errno
import json
import os
import re
import stat
import time

from .kernel_words import Kept, is_telling
from .trouble import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator, Iterator, List, Tuple

#: The ring buffer of the machine itself, beside which a journal is its own.
KMSG = "/dev/kmsg"
#: More than the kernel makes of one record (8 KiB).
_RECORD_BYTES = 16 << 10
#: Whoever writes faster than we read has no end.
_PATIENCE_S = 4.0
#: A journal of months is not read to its end in a look that has the ring to read as well.
_EARLIER_PATIENCE_S = 2.0
_CHECKED_EVERY = 256
_DMESG = re.compile(rb"(?:<(\d+)>)?\[ *(\d+)\.(\d+)\] ?(.*)")
#: How journalctl shows a text that is no UTF-8.
_AS_NUMBERS = re.compile(rb'"MESSAGE" ?: ?\[')
#: Nobody's PATH is trusted.
_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/run/current-system/sw/bin")
_LEVELS = 8
_NOTICE = 5
#: Level, number and time of a record of /dev/kmsg.
_FIELDS = 3


class Look:
    """What one source has told.

    Attributes:
        first_us: the time since boot of the oldest line that the source still has.
        lost_count: lines between the cursor and the first that the source still had, or that were overwritten meanwhile.
        complete: it was read to its end.
    """

    def __init__(self, source: str) -> None:
        self.source, self.cursor = source, ""
        self.first_us = None  # type: int | None
        self.looked_count = self.lost_count = 0
        self.complete = True
        self.kept = Kept()

    def take(self, at_us: int, level: int, text: bytes) -> None:
        self.looked_count += 1
        if is_telling(text):
            self.kept.add(at_us, level, text)


def from_kmsg(path: str, boot: str, cursor: str) -> Look:
    """Read /dev/kmsg, or a file that looks like it; OSError where it can't be opened or read."""
    look = Look("kmsg")
    after = place(cursor, "kmsg", boot)
    last = before = int(after) if after.isdigit() else -1
    for record in _records(path, look):
        head, _, text = record.partition(b";")
        fields = head.split(b",", _FIELDS)
        if len(fields) < _FIELDS or not all(field.isdigit() for field in fields[:_FIELDS]):
            look.complete = False
            continue
        sequence = int(fields[1])
        if look.first_us is None:
            look.first_us = int(fields[2])
            if sequence > 0 and not after and path == KMSG:
                _take_earlier(look, look.first_us)
        if sequence <= before:
            continue
        if last >= 0:
            look.lost_count += max(0, sequence - last - 1)
        last = sequence
        level = int(fields[0])
        if level < _LEVELS:  # above: not the kernel's own words, but somebody's who wrote to its log
            look.take(int(fields[2]), level, text.split(b"\n", 1)[0])
    look.cursor = "kmsg:%s:%d" % (boot, last) if boot and last >= 0 else ""
    return look


def _take_earlier(look: Look, ring_us: int) -> None:
    """Take from the journal what this boot had said before the oldest record of the ring, where it shows that in time."""
    end_s = time.monotonic() + _EARLIER_PATIENCE_S
    first_us = ring_us
    with contextlib.suppress(Trouble), contextlib.closing(_output_of(_journal())) as lines:
        for count, line in enumerate(lines):
            if count == 0:
                first_us = _entry(line)[0]
            if count % _CHECKED_EVERY == _CHECKED_EVERY - 1 and time.monotonic() > end_s:
                return
            if is_telling(line) or _AS_NUMBERS.search(line):
                entry = _entry(line)
                if entry[0] >= ring_us:
                    break
                look.take(*entry)
            else:
                look.looked_count += 1
        look.first_us = min(ring_us, first_us)


def _records(path: str, look: Look) -> "Iterator[bytes]":
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            # What begins with a space says more of the line above.
            yield from (line for line in _whole(fd).split(b"\n") if line and line[:1] != b" ")
            return
        end_s = time.monotonic() + _PATIENCE_S
        while True:
            record = _record(fd)
            if record is None:
                return
            yield record
            if look.looked_count % _CHECKED_EVERY == _CHECKED_EVERY - 1 and time.monotonic() > end_s:
                look.complete = False
                return
    finally:
        os.close(fd)


def _record(fd: int) -> "bytes | None":
    while True:
        try:
            return os.read(fd, _RECORD_BYTES) or None
        except OSError as problem:
            if problem.errno == errno.EAGAIN:
                return None
            if problem.errno != errno.EPIPE:  # overwritten before it was read: the next one has the next number
                raise


def _whole(fd: int) -> bytes:
    parts = []  # type: List[bytes]
    while True:
        part = os.read(fd, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def from_journal(boot: str, cursor: str) -> Look:
    """Ask journalctl; Trouble where it has nothing to show, which is what it shows whoever may not see it."""
    look = Look("journal")
    after = place(cursor, "journal", boot)
    last = b""
    # With the line that was the last one, which is there whatever has happened since: nothing means denied.
    for line in _output_of(_journal() + (["--cursor=" + after] if after else [])):
        last, inclusive = line, bool(after) and not last
        if look.first_us is None:
            look.first_us = _entry(line)[0]
        if inclusive:
            continue
        if is_telling(line) or _AS_NUMBERS.search(line):
            look.take(*_entry(line))
        else:
            look.looked_count += 1
    if not last:
        raise Trouble("denied", "the journal shows no line of the kernel's: reading it takes root, or the group adm")
    told = json.loads(last.decode("utf-8", "replace")).get("__CURSOR", "")
    look.cursor = "journal:%s:%s" % (boot, told) if boot and told else ""
    return look


def _journal() -> "List[str]":
    return [_tool("journalctl"), "-k", "-b", "-q", "--no-pager", "-o", "json"]


def _entry(line: bytes) -> "Tuple[int, int, bytes]":
    """Return one entry's time since boot, level and text; a text that is no UTF-8 stands there as a list of numbers."""
    try:
        told = json.loads(line.decode("utf-8", "replace"))
        text = told.get("MESSAGE", "")
        text = bytes(text) if isinstance(text, list) else str(text).encode("utf-8", "replace")
        at_us = told.get("_SOURCE_MONOTONIC_TIMESTAMP") or told.get("__MONOTONIC_TIMESTAMP") or 0
        return int(at_us), int(told.get("PRIORITY", _NOTICE)), text
    except (ValueError, TypeError, AttributeError) as problem:
        raise Trouble("garbled", "journalctl printed what is no entry: %s" % problem) from problem


def from_dmesg(boot: str, cursor: str) -> Look:
    """Ask dmesg: its lines have no numbers, so that the time since boot is the cursor."""
    look = Look("dmesg")
    before = place(cursor, "dmesg", boot)
    last_us = before_us = int(before) if before.isdigit() else -1
    for line in _output_of([_tool("dmesg"), "-r"]):
        found = _DMESG.match(line)
        if not found:
            continue
        at_us = int(found.group(2)) * 1000000 + int(found.group(3)[:6].ljust(6, b"0"))
        if look.first_us is None:
            look.first_us = at_us
            if before_us >= 0 and at_us > before_us:
                look.lost_count = 1  # nobody knows how many
        level = int(found.group(1) or _NOTICE)
        if at_us > before_us and level < _LEVELS:
            last_us = max(last_us, at_us)
            look.take(at_us, level, found.group(4))
    if look.first_us is None:
        raise Trouble("denied", "dmesg shows no line: reading it takes root where kernel.dmesg_restrict is 1")
    look.cursor = "dmesg:%s:%d" % (boot, last_us) if boot else ""
    return look


def place(cursor: str, source: str, boot: str) -> str:
    """Return where a cursor points to, "" where it is another source's or another boot's: all is read then."""
    parts = cursor.split(":", 2)
    return parts[-1] if boot and parts[:-1] == [source, boot] else ""


def _tool(name: str) -> str:
    for folder in _FOLDERS:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise Trouble("no-source", "there is no %s on this node" % name)


def _output_of(command: "List[str]") -> "Generator[bytes, None, None]":
    """Yield a tool's lines as it prints them; Trouble where it fails. What hangs is ended with the section."""
    reading, writing = os.pipe()
    complaints = os.open(os.devnull, os.O_RDWR)
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(writing, 1)
            os.dup2(complaints, 2)
            os.execve(command[0], command, {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})  # noqa: S606 - a shell would only be in between
        finally:
            os._exit(127)
    os.close(writing)
    os.close(complaints)
    ended = False
    status = 0
    try:
        with os.fdopen(reading, "rb") as said:
            for line in said:
                yield line.rstrip(b"\n")
        status, ended = os.waitpid(pid, 0)[1], True
    finally:
        if not ended:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
    if status:
        name = os.path.basename(command[0])
        raise Trouble("denied", "%s did not show the kernel's log: that takes root, or the group adm" % name)
